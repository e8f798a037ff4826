import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { durationOption, nearest, type Options, readConfig, writtenDefault } from './config.ts';
import { FfrtmpError } from './contract/errors.ts';

const options = {
  port: { schema: z.coerce.number().int().min(0).max(65_535).default(8080), help: 'port' },
  host: { schema: z.string().default('127.0.0.1'), help: 'host' },
  db: { schema: z.string().optional(), help: 'database', file: 'db_path' },
  tls: { schema: z.boolean().optional(), help: 'tls', file: 'tls.enabled' },
  apiKey: { schema: z.string().optional(), help: 'key', env: ['MASTER_API_KEY', 'FFMPEG_RTMP_API_KEY'] },
  sweepEvery: { schema: durationOption('5s'), help: 'pause' },
} satisfies Options;

const nothing = { argv: [], env: {}, file: undefined };
const read = (sources: Partial<typeof nothing> | object) => readConfig('master', options, { ...nothing, ...sources });

function problemsOf(sources: object): string[] {
  try {
    read(sources);
  } catch (error) {
    assert.ok(error instanceof FfrtmpError && error.code === 'bad_config', String(error));
    return (error.details as { problems: string[] }).problems;
  }
  return [];
}

describe('A setting', () => {
  test('comes from the flag, else the environment, else the file, else the default', () => {
    const argv = ['--port', '1'];
    const env = { FFRTMP_MASTER_PORT: '2' };
    const file = { master: { port: 3 } };
    assert.equal(read({ argv, env, file }).port, 1);
    assert.equal(read({ env, file }).port, 2);
    assert.equal(read({ file }).port, 3);
    assert.equal(read({}).port, 8080);
  });

  test('is written --name value or --name=value, and the last one counts', () => {
    assert.equal(read({ argv: ['--host=a=b'] }).host, 'a=b');
    assert.equal(read({ argv: ['--host', 'a', '--host', 'b'] }).host, 'b');
    assert.equal(read({ argv: ['--sweep-every', '2m'] }).sweepEvery, 120_000);
  });

  test('that is a boolean takes --x, --x=true, --x=false and --no-x', () => {
    const tlsOf = (...argv: string[]) => read({ argv }).tls;
    const all = [tlsOf('--tls'), tlsOf('--tls=true'), tlsOf('--tls=false'), tlsOf('--no-tls'), tlsOf()];
    assert.deepEqual(all, [true, true, false, false, undefined]);
    assert.equal(read({ env: { FFRTMP_MASTER_TLS: '1' } }).tls, true);
  });

  test('has its own names in the file and in the environment, where the first that is set wins', () => {
    assert.equal(read({ file: { master: { db_path: '/d', tls: { enabled: true } } } }).db, '/d');
    assert.equal(read({ file: { master: { tls: { enabled: false } } } }).tls, false);
    assert.equal(read({ env: { FFMPEG_RTMP_API_KEY: 'b', MASTER_API_KEY: 'a' } }).apiKey, 'a');
    assert.equal(read({ env: { FFMPEG_RTMP_API_KEY: 'b', MASTER_API_KEY: '' } }).apiKey, 'b');
  });

  test('that is empty in the file is not set, and never a 0', () => {
    assert.equal(read({ file: { master: { port: null } } }).port, 8080);
  });
});

describe('A bad configuration', () => {
  test('is refused with every problem at once', () => {
    const problems = problemsOf({
      argv: ['--port', 'high', '--hots', 'x'],
      env: { FFRTMP_MASTER_TLS: 'maybe' },
      file: { master: { sweep_every: 'often', db_pth: '/d' } },
    });
    assert.equal(problems.length, 5, problems.join('\n'));
    for (const name of ['--port', '--hots', '--tls', '--sweep-every', 'db_pth'])
      assert.ok(
        problems.some((problem) => problem.includes(name)),
        name,
      );
  });

  test('suggests the near name', () => {
    assert.match(problemsOf({ argv: ['--prot', '1'] })[0] ?? '', /did you mean --port\?/);
    assert.match(problemsOf({ file: { master: { prot: 1 } } })[0] ?? '', /did you mean port\?/);
    assert.match(problemsOf({ file: { mastre: { port: 1 } } })[0] ?? '', /did you mean master\?/);
  });

  test('cannot come from a file that is no mapping', () => {
    for (const file of ['words', [1, 2], { master: 5 }, { master: [1] }])
      assert.equal(problemsOf({ file }).length, 1, JSON.stringify(file));
  });

  test('is a flag without its value, also when another flag follows', () => {
    assert.match(problemsOf({ argv: ['--port'] })[0] ?? '', /--port: needs a value/);
    assert.deepEqual(problemsOf({ argv: ['--port', '--tls'] }), ['--port: needs a value']);
  });

  test('is the negation of something that is no boolean', () => {
    assert.match(problemsOf({ argv: ['--no-port', '5'] })[0] ?? '', /--no-port: unknown flag/);
  });

  test('is never anything but this one error, whatever the words', () => {
    const word = fc.oneof(
      fc.constantFrom('--port', '--tls', '--no-tls', '--host=', '--', '-x', '--constructor'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        problemsOf({ argv });
      }),
    );
  });
});

test('A near name differs by a third of its letters at most', () => {
  assert.equal(nearest('prioritty', ['priority', 'queue']), 'priority');
  assert.equal(nearest('colour', ['priority', 'queue']), undefined);
  assert.equal(nearest('x', []), undefined);
  fc.assert(fc.property(fc.string({ minLength: 1 }), (word) => nearest(word, ['zzzzzzzzzzzz', word]) === word));
});

test('Other roles’ sections of the file are left alone', () => {
  assert.equal(read({ file: { worker: { anything: 1 }, cli: null, master: { port: 7 } } }).port, 7);
});

test('A refused secret is not repeated in the message', () => {
  const options = { apiKey: { schema: z.string().min(16).optional(), help: 'a key' } };
  const read = () => readConfig('master', options, { argv: ['--api-key', 'hush'], env: {}, file: undefined });
  assert.throws(read, (error: Error) => error.message.includes('--api-key') && !error.message.includes('hush'));
});

test('A default is shown as it would be written, and not as the program gets it', () => {
  const written = (schema: z.ZodType) => writtenDefault({ schema, help: '' });
  assert.equal(written(durationOption('45s')), '45s');
  assert.equal(written(z.coerce.number().default(8080)), '8080');
  assert.equal(written(z.string().optional()), '');
});
