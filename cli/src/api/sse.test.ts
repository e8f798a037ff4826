import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readFrames, type SseFrame } from './sse.ts';

async function* pieces(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield text.slice(at, cut);
    at = Math.max(at, cut);
  }
  yield text.slice(at);
}

async function framesOf(text: string, cuts: readonly number[] = []): Promise<SseFrame[]> {
  const frames: SseFrame[] = [];
  for await (const frame of readFrames(pieces(text, cuts))) frames.push(frame);
  return frames;
}

const stream =
  ': keep-alive\n\nid: 7\nevent: job\ndata: {"a":\ndata: 1}\n\nevent: progress\ndata:{"p":2}\n\nid: 8\n\ndata: cut off';

test('events, joined data lines and comments are read as the standard says', async () => {
  assert.deepEqual(await framesOf(stream), [
    { id: '7', event: 'job', data: '{"a":\n1}' },
    { id: undefined, event: 'progress', data: '{"p":2}' },
  ]);
});

test('the way a stream is cut into chunks changes nothing, whatever the line ends', async () => {
  const expected = await framesOf(stream);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('\n', '\r\n'),
      fc.array(fc.nat(stream.length), { maxLength: 12 }),
      async (lineEnd, cuts) => {
        assert.deepEqual(await framesOf(stream.replaceAll('\n', lineEnd), cuts), expected);
      },
    ),
  );
});

test('an endless event is refused before it fills the memory', async () => {
  await assert.rejects(framesOf(`data: ${'x'.repeat(5 << 20)}`), /too large/);
});
