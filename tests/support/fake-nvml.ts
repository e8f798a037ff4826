import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import koffi from 'koffi';
import { repository } from './process.ts';
import type { Scope } from './scope.ts';

/** A driver that the test holds in its hands; the agent's side loads the same file by its path. */
export interface FakeNvml {
  library: string;
  gpus: (count: number) => void;
  set: (gpu: number, mj: number, mw: number) => void;
  /** Cuts the GPUs into instances: 1 or 0. */
  mig: (on: number) => void;
  /** Every later call answers this NVML error; 0 = all is well again. */
  fail: (code: number) => void;
  load: (gpu: number, pid: number, atUs: number, load: { sm?: number; enc?: number; dec?: number }) => void;
  clearLoads: (gpu: number) => void;
  /** Openings that were not closed. */
  opened: () => number;
}

export const GPU_IS_LOST = 15;
export const DRIVER_NOT_LOADED = 9;

/** Compiles the fake driver. `old`: without energy counter and without loads by process, as before Volta. */
export function buildNvml(scope: Scope, { old = false } = {}): FakeNvml {
  const library = join(scope.folder(old ? 'old' : 'new'), 'libnvidia-ml.so.1');
  const source = join(repository, 'tests/support/fake-nvml.c');
  const argv = ['-shared', '-fPIC', '-nostdlib', '-fno-stack-protector', '-O1', '-o', library, source];
  execFileSync('gcc', old ? ['-DOLD', ...argv] : argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  const lib = koffi.load(library);
  const call = (signature: string) => lib.func(signature) as (...values: number[]) => number;
  const set = call('void fake_set(unsigned int gpu, uint64_t mj, unsigned int mw)');
  const load = call(
    'void fake_load(unsigned int gpu, unsigned int pid, uint64_t at, unsigned int sm, unsigned int enc, unsigned int dec)',
  );
  return {
    library,
    gpus: call('void fake_gpus(int count)'),
    set,
    mig: call('void fake_mig(unsigned int on)'),
    fail: call('void fake_fail(int code)'),
    load: (gpu, pid, atUs, { sm = 0, enc = 0, dec = 0 }) => load(gpu, pid, atUs, sm, enc, dec),
    clearLoads: call('void fake_clear(unsigned int gpu)'),
    opened: call('int fake_opened()'),
  };
}
