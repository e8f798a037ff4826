import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openConnection } from '@ffrtmp/runtime/connect';
import { listen } from '@ffrtmp/runtime/metrics-server';
import { followLog } from './follow.ts';

const log = (attempt: string, text: string) => `event: log\ndata: ${JSON.stringify({ attempt_id: attempt, text })}\n\n`;

test('a log that is followed across a restart of the master repeats nothing and loses nothing', async () => {
  const answers = [
    log('a', 'one\n') + log('a', 'two\n') + log('b', 'x'),
    log('a', 'one\ntwo\n') + log('b', 'xy') + log('b', 'z\n') + log('c', 'end\n'),
  ];
  let calls = 0;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answers[calls]);
    calls += 1;
  });
  const port = await listen(server, '127.0.0.1', 0);
  const connection = openConnection({ url: `http://127.0.0.1:${port}`, key: undefined, ca: undefined });
  let text = '';
  const hasEnded = async () => calls === answers.length;
  for await (const part of followLog(connection, '7', { signal: AbortSignal.timeout(10_000), hasEnded })) text += part;
  assert.equal(text, 'one\ntwo\nxyz\nend\n');
  await connection.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
