import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import type { Receipt } from '@ffrtmp/shared/energy/receipt';
import { testSourceArguments } from '@ffrtmp/shared/media/testsource';

const main = join(import.meta.dirname, '..', '..', 'main.ts');

interface Place {
  dir: string;
  /** The temporary folder of the demo: whatever it leaves behind is seen here. */
  temp: string;
  film: string;
}

function place(t: TestContext): Place {
  const dir = mkdtempSync(join(tmpdir(), 'ffrtmp-demo-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const [temp, film] = [join(dir, 'temp'), join(dir, 'a film.mp4')];
  mkdirSync(temp);
  execFileSync('ffmpeg', testSourceArguments({ width: 160, height: 90, fps: 25, duration_s: 1 }, film), {
    stdio: 'ignore',
  });
  return { dir, temp, film };
}

function startDemo({ dir, temp }: Place, words: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const options = { cwd: dir, env: { ...process.env, TMPDIR: temp, ...env } };
  return spawn(process.execPath, [main, 'demo', ...words], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Programs whose command line names the folder: masters, agents and their engines all do. */
const left = ({ temp }: Place) =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(temp));

test('the demo encodes a film three ways, verifies the outputs and leaves nothing behind', async (t) => {
  const here = place(t);
  // A key and an address of the person's own must not reach the demo.
  const env = { MASTER_API_KEY: 'x'.repeat(32), FFRTMP_CLI_MASTER: 'http://127.0.0.1:1', FFRTMP_MASTER_PORT: '1' };
  const { code, stdout, stderr } = await endOf(startDemo(here, ['--input', 'a film.mp4'], env));
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^ENCODE +NODE +TIME +SPEED +SIZE +ACTIVE ENERGY +J\/MPX-FRAME +PSNR +SSIM$/m);
  assert.match(stdout, /^x264 veryfast +demo-[12] .* J (estimated|attributed|measured) \(.*–.*\) .* dB +0\.\d+$/m);
  assert.match(stdout, /used the least active energy/);
  const out = join(here.dir, 'out', 'demo');
  const receipts = JSON.parse(readFileSync(join(out, 'receipts.json'), 'utf8')) as { path: string; receipt: Receipt }[];
  assert.deepEqual(
    receipts.map(({ path, receipt }) => [
      path.startsWith(`${out}/a film-`),
      receipt.complete,
      receipt.quality.length > 1,
    ]),
    [
      [true, true, true],
      [true, true, true],
      [true, true, true],
    ],
  );
  assert.equal(readdirSync(out).length, 4);
  assert.deepEqual(readdirSync(here.temp), []);
  assert.deepEqual(left(here), []);
});

test('Ctrl-C in the middle ends every process and removes the data', async (t) => {
  const here = place(t);
  const child = startDemo(here, ['--input', here.film]);
  const ended = endOf(child);
  if (!child.stdout) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('http://')) break;
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.deepEqual({ code, stderr }, { code: 130, stderr: 'error: interrupted\n' });
  assert.deepEqual(readdirSync(here.temp), []);
  assert.deepEqual(left(here), []);
});

test('what cannot work is said in one sentence, with the exit code of the table, before anything is started', async (t) => {
  const here = place(t);
  writeFileSync(join(here.dir, 'text.mp4'), 'no film\n');
  const bin = join(here.dir, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  const cases: [words: string[], env: Record<string, string>, code: number, message: RegExp][] = [
    [['--input', 'nowhere.mp4'], {}, 8, /^error: cannot read .*nowhere\.mp4: there is no such file\n$/],
    [['--input', 'text.mp4'], {}, 8, /^error: .*text\.mp4 is not a video: .*\n$/],
    [['--input', '.'], {}, 8, /^error: cannot read .*: it is not a file\n$/],
    [[], { PATH: bin }, 9, /^error: ffmpeg is not installed: install it .*\n$/],
    [[], { TMPDIR: join(here.dir, 'nowhere') }, 9, /^error: cannot make a folder in .*nowhere: .*\n$/],
    [['--input', 'a film.mp4', '--out', 'text.mp4/x'], {}, 9, /^error: cannot make the folder .*\n$/],
  ];
  for (const [words, env, code, message] of cases) {
    const end = await endOf(startDemo(here, words, env));
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, message);
  }
  assert.deepEqual(readdirSync(here.temp), []);
});
