import type { z } from 'zod';
import { type ErrorBody, type ErrorCode, errorTable, FfrtmpError, isErrorCode } from './contract/errors.ts';
import type { Operation } from './contract/operation.ts';

type InputOf<S> = S extends z.ZodType ? z.input<S> : never;
type Field<O, K extends keyof Operation, N extends string> = O extends { [P in K]: z.ZodType }
  ? { [P in N]: InputOf<O[K]> }
  : unknown;
type Needed<O extends Operation> = Field<O, 'params', 'params'> & Field<O, 'body', 'body'>;
type Optional<O extends Operation> = Partial<Field<O, 'query', 'query'> & Field<O, 'headers', 'headers'>>;

/** What a call takes: path parameters and body as the operation declares them, query and headers where it has some. */
export type CallInput<O extends Operation> = Needed<O> & Optional<O> & { signal?: AbortSignal };

type ReplyOf<O extends Operation> = {
  [S in keyof O['replies']]: O['replies'][S] extends z.ZodType ? z.output<O['replies'][S]> : null;
};
/** The parsed body of a success reply. */
export type CallReply<O extends Operation> = ReplyOf<O>[keyof ReplyOf<O>];

export interface ClientSettings {
  /** e.g. `http://127.0.0.1:8080`, without a trailing slash. */
  baseUrl: string;
  key: string | undefined;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
}

export type Client = ReturnType<typeof createClient>;

/** Typed calls of the contract over a given `fetch`. A refusal becomes an FfrtmpError with the code of the table. */
export function createClient(settings: ClientSettings) {
  /** A call whose caller also wants the body as it came, with what a newer master added to it. */
  async function exchange<const O extends Operation>(
    op: O,
    input: CallInput<O>,
  ): Promise<{ body: unknown; reply: CallReply<O> }> {
    const loose = input as { params?: object; query?: object; headers?: object; body?: unknown; signal?: AbortSignal };
    const headers: Record<string, string> = { accept: 'application/json', ...loose.headers };
    if (settings.key) headers.authorization = `Bearer ${settings.key}`;
    const init: RequestInit = { method: op.method, headers };
    if (loose.signal) init.signal = loose.signal;
    if (loose.body !== undefined) {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(loose.body);
    }
    const response = await settings.fetch(
      settings.baseUrl + fillPath(op.path, loose.params) + queryText(loose.query),
      init,
    );
    const text = await response.text();
    if (!response.ok) throw errorFrom(response.status, text);
    const schema = op.replies[response.status];
    const body: unknown = schema ? JSON.parse(text) : null;
    return { body, reply: (schema ? schema.parse(body) : null) as CallReply<O> };
  }
  async function call<const O extends Operation>(op: O, input: CallInput<O>): Promise<CallReply<O>> {
    return (await exchange(op, input)).reply;
  }
  return { call, exchange, settings };
}

/** `/jobs/{id}` + `{id: '7'}` -> `/jobs/7`. */
export function fillPath(path: string, params: object | undefined): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown>)?.[name])),
  );
}

export function queryText(query: object | undefined): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** Reads an error reply; a body that is not ours (a proxy’s page) is summed up by its status. */
export function errorFrom(status: number, text: string): FfrtmpError {
  try {
    const { error } = JSON.parse(text) as ErrorBody;
    if (isErrorCode(error.code)) return new FfrtmpError(error.code, error.message, error.details);
  } catch {
    // Not JSON of ours: fall through.
  }
  return new FfrtmpError(codeOf(status), `the master answered ${status}: ${text.slice(0, 200)}`);
}

/** The first code of the table with this status; a gateway's own trouble or limit is the master being away. */
function codeOf(status: number): ErrorCode {
  if (status === 429) return 'unavailable';
  const known = (Object.keys(errorTable) as ErrorCode[]).find((code) => errorTable[code].http === status);
  return known ?? (status >= 500 ? 'unavailable' : 'invalid_request');
}
