/** One server-sent event, data lines joined. */
export interface SseFrame {
  id: string | undefined;
  event: string;
  data: string;
}

/** An event larger than this is not one of ours: the largest is a job view with its log chunk. */
const MAX_FRAME_CHARS = 4 << 20;

/**
 * Reads `id:`, `event:` and `data:` lines of a text/event-stream. Comment lines (keep-alives) are skipped; an event
 * that the end of the stream cuts off is dropped, as the standard says.
 */
export async function* readFrames(chunks: AsyncIterable<string>): AsyncGenerator<SseFrame> {
  let rest = '';
  let frame = emptyFrame();
  for await (const chunk of chunks) {
    rest += chunk;
    if (rest.length > MAX_FRAME_CHARS) throw new Error('an event of the stream is too large');
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        addLine(frame, line);
        continue;
      }
      if (frame.data.length > 0) yield { id: frame.id, event: frame.event, data: frame.data.join('\n') };
      frame = emptyFrame();
    }
  }
}

const emptyFrame = () => ({ id: undefined as string | undefined, event: 'message', data: [] as string[] });

function addLine(frame: ReturnType<typeof emptyFrame>, line: string): void {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'id') frame.id = value;
  else if (field === 'event') frame.event = value;
  else if (field === 'data') frame.data.push(value);
}
