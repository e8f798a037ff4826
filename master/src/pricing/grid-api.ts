import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { z } from 'zod';

/** Half a second is usual; what takes longer than this is down. */
const TIMEOUT_MS = 5000;
/** No grid is dirtier than burning lignite badly; more is an error of whoever says it. */
const MOST_G = 3000;
const MAX_REPLY_BYTES = 64 * 1024;

/** The reply of Electricity Maps' `/v3/carbon-intensity/latest`, as far as it is looked at. */
const replySchema = z.object({
  carbonIntensity: z.number().min(0).max(MOST_G),
  datetime: z.iso.datetime({ offset: true }).optional(),
  emissionFactorType: z.string().max(40).optional(),
  isEstimated: z.boolean().optional(),
});

export interface GridApi {
  url: string;
  zone: string;
  token: string | undefined;
}

/** What the API said, with the words that a receipt shows beside it. */
export interface Reading {
  gPerKwh: number;
  label: string;
}

/** Why there is no value, in a sentence for the log. Nothing else of the reply is repeated: it may be a page of HTML. */
const unusable = (why: string) => new FfrtmpError('unavailable', `the carbon API ${why}`);

function readingOf(body: unknown, { url, zone }: GridApi): Reading {
  const parsed = replySchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unusable(`answered something else: ${issue?.path.join('.') || 'the reply'} ${issue?.message ?? 'is wrong'}`);
  }
  const { carbonIntensity, datetime, emissionFactorType, isEstimated } = parsed.data;
  const kind = ['average', emissionFactorType ?? 'boundary not said', ...(isEstimated ? ['estimated there'] : [])].join(
    ', ',
  );
  const year = datetime === undefined ? '' : ` ${datetime.slice(0, 4)}`;
  return { gPerKwh: carbonIntensity, label: `${kind}, zone ${zone}, ${new URL(url).host}${year}` };
}

/** Asks once. It throws when the answer is no intensity: late, an error, HTML, negative or no number. */
export async function askGrid(
  fetch: typeof globalThis.fetch,
  api: GridApi,
  { signal, timeoutMs = TIMEOUT_MS }: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
): Promise<Reading> {
  const address = new URL(`${api.url.replace(/\/+$/, '')}/carbon-intensity/latest`);
  address.searchParams.set('zone', api.zone);
  const late = AbortSignal.timeout(timeoutMs);
  const reply = await fetch(address, {
    headers: api.token === undefined ? {} : { 'auth-token': api.token },
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, late]) : late,
  }).catch((error: unknown) => {
    throw unusable(
      late.aborted ? `did not answer within ${timeoutMs / 1000} s` : `cannot be reached: ${causeOf(error)}`,
    );
  });
  if (!reply.ok) throw unusable(`answered ${reply.status}`);
  const text = await reply.text().catch(() => '');
  if (text.length > MAX_REPLY_BYTES) throw unusable('answered more than 64 KiB');
  return readingOf(jsonOf(text), api);
}

const causeOf = (error: unknown) => {
  const { cause, message } = error as { cause?: { code?: string }; message: string };
  return cause?.code ?? message;
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable('answered something that is no JSON');
  }
}
