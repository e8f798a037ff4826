import { type Connection, openConnection, settleScheme } from '@ffrtmp/runtime/connect';
import type { CallInput, CallReply } from '@ffrtmp/shared/client';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import type { Settings } from '../settings.ts';

/** The master as a command sees it: calls of the contract, and the connection for transfers and streams. */
export interface Master {
  connection: Connection;
  /** The reply read through the contract, and the body as it came. */
  exchange<const O extends Operation>(op: O, input: CallInput<O>): Promise<{ body: unknown; reply: CallReply<O> }>;
  call<const O extends Operation>(op: O, input: CallInput<O>): Promise<CallReply<O>>;
}

export async function openMaster(settings: Settings, say: (text: string) => void): Promise<Master> {
  const { url, key, ca } = settings;
  return masterOver(openConnection(await settleScheme({ url, key, ca }, say)));
}

/** A master over a connection that is open already. */
export function masterOver(connection: Connection): Master {
  async function exchange<const O extends Operation>(op: O, input: CallInput<O>) {
    try {
      return await connection.client.exchange(op, input);
    } catch (error) {
      throw withKeyAdvice(error, connection.key);
    }
  }
  return { connection, exchange, call: async (op, input) => (await exchange(op, input)).reply };
}

/** Without any key the master's "unauthorized" does not say where this program would have looked for one. */
function withKeyAdvice(error: unknown, key: string | undefined): unknown {
  if (!(error instanceof FfrtmpError) || error.code !== 'unauthorized' || key !== undefined) return error;
  return new FfrtmpError(
    'unauthorized',
    'the master wants an API key and none was found: set FFMPEG_RTMP_API_KEY, or run this as the user of the master on its own machine',
  );
}
