import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeadLetter } from '@ffrtmp/shared/contract/jobs';
import { deadLettersText } from './dead-letter.ts';

const at = '2026-11-20T12:00:00.000Z';
const job = {
  sequence_number: 7,
  name: 'film',
  queue: 'batch',
  priority: 'low',
  error: 'no such filter',
  quarantined: false,
  completed_at: at,
} as DeadLetter['job'];
const attempt: DeadLetter['attempts'][number] = {
  attempt: 1,
  task_kind: 'transcode',
  node_name: 'worker-01',
  state: 'failed',
  failure_class: 'input',
  error: 'no such filter',
  argv: ['ffmpeg', '-i', 'file:/data/a film.mp4', '-vf', 'drawtext=text=\u001b[2J'],
  stderr_tail: 'one\ntwo\rthree\nfour\n\nfive\nsix\nseven\n',
  ended_at: at,
};
const lost = { ...attempt, attempt: 2, node_name: null, failure_class: null, state: 'lost', error: null, argv: null };

test('a dead job shows what its attempts ran, where, and their last words, and drives no terminal', () => {
  assert.equal(
    deadLettersText([{ job, attempts: [attempt, { ...lost, stderr_tail: '' }] }], Date.parse(at) + 180_000),
    [
      'job 7 (film) of batch, low, failed 3 min ago',
      '  transcode attempt 1 on worker-01 failed (input): no such filter',
      "    $ ffmpeg -i 'file:/data/a film.mp4' -vf 'drawtext=text= [2J'",
      '    | two',
      '    | three',
      '    | four',
      '    | five',
      '    | six',
      '    | seven',
      '  transcode attempt 2 on – lost',
    ].join('\n'),
  );
});

test('what ended the job and stands in no attempt is said in its own line', () => {
  const letter = { job: { ...job, error: 'lost on three nodes', quarantined: true }, attempts: [] };
  assert.equal(
    deadLettersText([letter], Date.parse(at)),
    'job 7 (film) of batch, low, failed and quarantined 0 s ago: lost on three nodes',
  );
});
