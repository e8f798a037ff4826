import { globSync, statSync } from 'node:fs';
import { basename, extname, join, parse, resolve } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import type { Parameters } from '@ffrtmp/shared/job/parameters';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { containers } from '@ffrtmp/shared/media/encoding';
import { fileName } from '../../request/names.ts';

/** One film on its way: where it lies and where its result goes. */
export interface Film {
  /** How people are told about it: the file name, or the path they gave where two files have one name. */
  name: string;
  input: string;
  output: string;
  request: JobRequestInput;
}

/** Quoted patterns are expanded here; a name that exists is taken as it is, whatever letters it holds. */
export function expandInputs(words: readonly string[], cwd: string): string[] {
  const paths = words.flatMap((word) => {
    const exists = statSync(resolve(cwd, word), { throwIfNoEntry: false }) !== undefined;
    if (exists || !/[*?[{]/.test(word)) return [word];
    const found = globSync(word, { cwd }).sort();
    if (found.length === 0) throw new FfrtmpError('input_unreadable', `no file matches ${word}`);
    return found;
  });
  return [...new Set(paths)];
}

/** Decides every output name before anything is uploaded. `out` ending in / or naming a folder takes many films. */
export function planFilms(inputs: readonly string[], out: string, request: JobRequestInput, cwd: string): Film[] {
  const target = resolve(cwd, out);
  const isFolder = out.endsWith('/') || statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder && inputs.length > 1) {
    throw new FfrtmpError('invalid_request', `${inputs.length} films need a folder: write -o ${out}/`);
  }
  const sources = new Set(inputs.map((input) => resolve(cwd, input)));
  const taken = new Set<string>();
  const names = inputs.map((input) => basename(input));
  return inputs.map((input) => {
    const prepared = isFolder ? request : withContainer(request, out);
    const container = containerOf(prepared);
    const path = isFolder ? freePath(target, parse(input).name, container, taken) : target;
    if (sources.has(path)) {
      throw new FfrtmpError(
        'invalid_request',
        `${path} is an input: the result would replace it; choose another folder`,
      );
    }
    const name = basename(input);
    return {
      name: names.indexOf(name) === names.lastIndexOf(name) ? name : input,
      input: resolve(cwd, input),
      output: path,
      request: { ...prepared, outputs: [{ name: fileName(basename(path)) }] },
    };
  });
}

const containerOf = (request: JobRequestInput) =>
  resolveEncode({ scenario: request.scenario ?? '', parameters: parametersOf(request), hasInput: true }).encode
    .container;

const parametersOf = (request: JobRequestInput) => (request.parameters ?? {}) as Parameters;

/** `-o film.mkv` means Matroska unless --container says so already; a contradiction is an error. */
function withContainer(request: JobRequestInput, out: string): JobRequestInput {
  const ending = extname(out).slice(1).toLowerCase();
  const named = containers.find((container) => container === ending);
  if (named === undefined) {
    throw new FfrtmpError(
      'invalid_request',
      `${out}: the name has to end in ${containers.map((c) => `.${c}`).join(', ')}`,
    );
  }
  const wanted = parametersOf(request).container ?? named;
  if (wanted !== named) throw new FfrtmpError('invalid_request', `${out} does not end in .${wanted}`);
  return { ...request, parameters: { ...request.parameters, container: named } };
}

/** Films of one name out of different folders get a number each, in the order they were given. */
function freePath(folder: string, name: string, container: string, taken: Set<string>): string {
  for (let number = 1; ; number += 1) {
    const path = join(folder, fileName(`${name}${number === 1 ? '' : `-${number}`}.${container}`));
    if (taken.has(path)) continue;
    taken.add(path);
    return path;
  }
}
