import { nearest } from '@ffrtmp/shared/config';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type JobRequestInput, jobRequestSchema } from '@ffrtmp/shared/job/job';
import { type JobFlag, jobFlags } from './flags.ts';

/** The values of the flags as the command line gave them, by flag name: text, `true` for a bare ask, texts for a map. */
export type FlagValues = Readonly<Record<string, string | true | readonly string[] | undefined>>;

type Tree = Record<string | number, unknown>;

/** Puts the given flags over `base` (a document of `--file`) and returns one job request. Pure. */
export function buildRequest(values: FlagValues, base: object = {}): JobRequestInput {
  const request = structuredClone(base) as Tree;
  const flags = jobFlags();
  for (const flag of flags) {
    const value = values[flag.name];
    if (value === undefined) continue;
    if (flag.kind === 'switch') put(request, flag.path, true);
    else if (flag.kind === 'map') for (const pair of value as readonly string[]) putPair(request, flag, pair, flags);
    else if (flag.kind === 'ask') put(request, flag.path, value === true ? undefined : String(value).split(','));
    else put(request, flag.path, convert(flag, String(value)));
  }
  return request as JobRequestInput;
}

/** Numeric text becomes a number where the contract takes one; everything else stays text. */
const convert = (flag: Pick<JobFlag, 'numeric'>, text: string): string | number =>
  flag.numeric && /^-?\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : text;

function put(tree: Tree, path: readonly (string | number)[], value: unknown): void {
  const [head, next, ...rest] = path;
  if (head === undefined) return;
  if (next === undefined) {
    if (value !== undefined) tree[head] = value;
    return;
  }
  tree[head] ??= typeof next === 'number' ? [] : {};
  put(tree[head] as Tree, [next, ...rest], value);
}

/** `--param crf=20` means the same as `--crf 20`. */
function putPair(request: Tree, flag: JobFlag, pair: string, flags: readonly JobFlag[]): void {
  const at = pair.indexOf('=');
  if (at < 1) throw new FfrtmpError('invalid_request', `--${flag.name} ${pair}: write --${flag.name} name=value`);
  const [name, text] = [pair.slice(0, at), pair.slice(at + 1)];
  const known = flags.find(
    (other) => other.path.length === 2 && other.path[0] === flag.path[0] && other.path[1] === name,
  );
  put(request, [...flag.path, name], convert(known ?? flag, text));
}

/** Checks a request against the contract before anything is uploaded. Every problem names its flag. */
export function checkRequest(request: unknown, where = ''): void {
  const parsed = jobRequestSchema.safeParse(request);
  if (parsed.success) return;
  const flags = jobFlags();
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys);
    const flag =
      flags.find((other) => isPrefix(other.path, issue.path)) ??
      flags.find((other) => isPrefix(issue.path, other.path));
    return `${flag ? `--${flag.name}` : issue.path.join('.')}: ${issue.message}`;
  });
  throw new FfrtmpError('invalid_request', where + problems.join('\n'), { problems });
}

const isPrefix = (short: readonly PropertyKey[], long: readonly PropertyKey[]) =>
  short.length > 0 && short.length <= long.length && short.every((part, index) => part === long[index]);

function unknownKeys(keys: readonly string[]): string {
  const near = nearest(keys[0] ?? '', Object.keys(jobRequestSchema.shape));
  return `${keys.join(', ')}: no such field${near ? `; did you mean ${near}?` : ''}`;
}
