import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

export interface Gpu {
  vendor: 'nvidia' | 'intel' | 'amd';
  name: string;
}

/** nvidia-smi answers in well under a second; with a broken driver it can hang for minutes. */
const NVIDIA_TIMEOUT_MS = 5000;

function nvidiaGpus(program: string): Promise<Gpu[]> {
  const argv = ['--query-gpu=name', '--format=csv,noheader'];
  return new Promise((resolve) => {
    execFile(program, argv, { timeout: NVIDIA_TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout) => {
      const names = error ? [] : stdout.split('\n').filter((line) => line.trim() !== '');
      resolve(names.map((name) => ({ vendor: 'nvidia', name: name.trim() })));
    });
  });
}

const vendors: Record<string, Gpu> = {
  '0x8086': { vendor: 'intel', name: 'Intel graphics' },
  '0x1002': { vendor: 'amd', name: 'AMD graphics' },
};

async function drmGpus(sys: string): Promise<Gpu[]> {
  const folder = `${sys}/class/drm`;
  const cards = (await readdir(folder).catch(() => [])).filter((name) => /^card\d+$/.test(name)).sort();
  const ids = await Promise.all(
    cards.map((card) => readFile(`${folder}/${card}/device/vendor`, 'utf8').catch(() => '')),
  );
  return ids.map((id) => vendors[id.trim()]).filter((gpu) => gpu !== undefined);
}

/** Graphics processors that can encode video: NVIDIA by their own tool, Intel and AMD by the kernel's list. */
export async function detectGpus(sys: string, nvidiaSmi = 'nvidia-smi'): Promise<Gpu[]> {
  const [nvidia, drm] = await Promise.all([nvidiaGpus(nvidiaSmi), drmGpus(sys)]);
  return [...nvidia, ...drm];
}
