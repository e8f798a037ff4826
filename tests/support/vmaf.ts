import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engine } from './engine.ts';
import type { Scope } from './scope.ts';

/** Each frame scores this less than the one before it: mean, worst and 5th percentile differ. */
const log = `const frames = (numbers) => JSON.stringify({
  version: '0.0.0',
  frames: numbers.map((frameNum) => ({ frameNum, metrics: { vmaf: 99 - frameNum / 10 } })),
  pooled_metrics: {}, aggregate_metrics: {},
});`;

function program(scope: Scope, name: string, body: string): string {
  const path = join(scope.folder(`fake-${name}`), name);
  const head = `#!${process.execPath}\n'use strict';\nconst fs = require('node:fs');\nconst argv = process.argv.slice(2);\n`;
  writeFileSync(path, `${head}${log}\n${body}`, { mode: 0o755 });
  return path;
}

/**
 * The real ffmpeg, with a filter libvmaf that measures PSNR and makes up its log: the filter of an ffmpeg that has it takes
 * the same two pads and the same options. For `--ffmpeg`.
 */
export const engineWithVmaf = (scope: Scope) =>
  program(
    scope,
    'ffmpeg',
    `const { spawnSync } = require('node:child_process');
if (argv.includes('-filters')) {
  console.log(' ... libvmaf           VV->V      Calculate the VMAF between two video streams.');
  process.exit(0);
}
const filter = /libvmaf=([^;[]*)/;
const found = argv.map((word) => filter.exec(word)).find(Boolean);
const { status } = spawnSync(${JSON.stringify(engine(scope))}, argv.map((word) => word.replace(filter, 'psnr')), { stdio: 'inherit' });
const options = new Map((found ? found[1] : '').split(':').map((pair) => pair.split('=')).map(([key, value]) => [key, value]));
if (options.has('log_path')) {
  const every = Number(options.get('n_subsample'));
  const compared = fs.readFileSync('frames-psnr.log', 'latin1').match(/^frame:/gm).length;
  fs.writeFileSync(options.get('log_path'), frames(Array.from({ length: compared }, (_, index) => index * every)));
} else if (found) console.error('VMAF score: 98.5');
process.exit(status ?? 1);
`,
  );

/** Reads both films in step as the program vmaf does, the reference first, and scores as many frames as there are. */
export const vmafProgram = (scope: Scope) =>
  program(
    scope,
    'vmaf',
    `if (argv.includes('--version')) {
  console.error('3.2.0');
  process.exit(0);
}
const value = (name) => argv[argv.indexOf(name) + 1];
function open(path) {
  const fd = fs.openSync(path, 'r');
  let left = Buffer.alloc(0);
  const take = (bytes) => {
    while (left.length < bytes) {
      const chunk = Buffer.alloc(65536);
      const read = fs.readSync(fd, chunk);
      if (read === 0) return null;
      left = Buffer.concat([left, chunk.subarray(0, read)]);
    }
    const taken = left.subarray(0, bytes);
    left = left.subarray(bytes);
    return taken;
  };
  let header = '';
  for (let byte = take(1); byte && byte[0] !== 10; byte = take(1)) header += byte.toString('latin1');
  const [, width, height] = /W(\\d+) H(\\d+).* C420/.exec(header);
  const size = 'FRAME\\n'.length + (width * height * 3) / 2;
  return () => take(size);
}
const next = [open(value('--reference')), open(value('--distorted'))];
const numbers = [];
for (let index = 0; next.map((frame) => frame()).every(Boolean); index += 1)
  if (index % Number(value('--subsample')) === 0) numbers.push(index);
fs.writeFileSync(value('--output'), frames(numbers));
`,
  );
