import { createHash, X509Certificate } from 'node:crypto';
import { connect as tlsConnect } from 'node:tls';
import { type Client, createClient } from '@ffrtmp/shared/client';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { Agent, fetch as undiciFetch } from 'undici';
import { isLoopback } from './loopback.ts';

/** Long polls stay open for a minute; a reply later than this means a dead connection. */
const HEADERS_TIMEOUT_MS = 90_000;
const CONNECT_TIMEOUT_MS = 10_000;

export interface Endpoint {
  url: string;
  key: string | undefined;
  /** PEM of the CA that signed the master's certificate; without it the system's CAs decide. */
  ca: string | undefined;
  /** PEM of a client certificate and its key, for mutual TLS. */
  cert?: string | undefined;
  certKey?: string | undefined;
}

export interface Connection extends Endpoint {
  client: Client;
  close(): Promise<void>;
}

/** A typed client over a TLS-aware fetch. Failures to reach the master become one sentence with what to do. */
export function openConnection(endpoint: Endpoint): Connection {
  const dispatcher = new Agent({
    connect: { ca: endpoint.ca, cert: endpoint.cert, key: endpoint.certKey, timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: 0,
  });
  const url = endpoint.url.replace(/\/+$/, '');
  const request = async (target: string, init: RequestInit): Promise<Response> => {
    try {
      const options = { ...init, dispatcher } as unknown as Parameters<typeof undiciFetch>[1];
      return (await undiciFetch(target, options)) as unknown as Response;
    } catch (error) {
      // An abort carries the reason its caller gave, which is not a failure of the master.
      init.signal?.throwIfAborted();
      throw explain(url, error);
    }
  };
  return {
    ...endpoint,
    url,
    client: createClient({ baseUrl: url, key: endpoint.key, fetch: request }),
    close: () => dispatcher.destroy(),
  };
}

/** Turns a failed connection into an error of the table; an abort stays an abort. */
export function explain(url: string, error: unknown): unknown {
  if (error instanceof Error && error.name === 'AbortError') return error;
  const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  const text = `${cause.code ?? ''} ${cause.message ?? ''}`;
  if (/WRONG_VERSION_NUMBER|EPROTO|packet length too long/i.test(text)) {
    return new FfrtmpError(
      'wrong_scheme',
      `the master at ${url} speaks plain HTTP: write ${url.replace(/^https/, 'http')}`,
    );
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/i.test(text)) {
    return new FfrtmpError(
      'untrusted_certificate',
      `the certificate of ${url} is not trusted (${cause.code}): pass --ca with the master's ca.crt, or the CA fingerprint of its join line`,
    );
  }
  return new FfrtmpError(
    'master_unreachable',
    `no master answers at ${url} (${cause.code ?? cause.message}): is it running, and is the address right?`,
  );
}

/**
 * Finds out whether the address speaks the scheme it names. A wrong scheme on loopback is put right and said aloud:
 * nothing leaves the machine. Anywhere else it is an error that names the right one.
 */
export async function settleScheme(endpoint: Endpoint, say: (text: string) => void): Promise<Endpoint> {
  const other = endpoint.url.startsWith('https:')
    ? endpoint.url.replace(/^https/, 'http')
    : endpoint.url.replace(/^http/, 'https');
  const connection = openConnection(endpoint);
  try {
    const response = await connection.client.settings.fetch(`${connection.url}/version`, {});
    const upgrade = response.status === 426 ? await response.text() : undefined;
    if (upgrade === undefined) return endpoint;
  } catch (error) {
    if (!(error instanceof FfrtmpError) || error.code !== 'wrong_scheme') throw error;
  } finally {
    await connection.close();
  }
  if (!isLoopback(new URL(endpoint.url).hostname)) {
    throw new FfrtmpError('wrong_scheme', `the master at ${endpoint.url} speaks the other scheme: write ${other}`);
  }
  say(`the master speaks ${other.split(':')[0]}; using ${other}`);
  return { ...endpoint, url: other };
}

/** `sha256:ab12...` of a certificate in DER, as the join line carries it. */
export const certificateFingerprint = (der: Buffer) => `sha256:${createHash('sha256').update(der).digest('hex')}`;

/**
 * Fetches the CA certificate that the server at `url` presents and returns it as PEM only when its digest is the wanted
 * fingerprint, so that the first contact needs no trust beyond the join line.
 */
export function fetchPinnedCa(url: string, fingerprint: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = tlsConnect(
      { host, port: Number(port || 443), rejectUnauthorized: false, timeout: CONNECT_TIMEOUT_MS },
      () => {
        let certificate = socket.getPeerCertificate(true);
        const seen: string[] = [];
        while (certificate?.raw) {
          const found = certificateFingerprint(certificate.raw);
          if (seen.includes(found)) break;
          if (found === fingerprint.toLowerCase()) {
            resolve(new X509Certificate(certificate.raw).toString());
            socket.destroy();
            return;
          }
          seen.push(found);
          certificate = certificate.issuerCertificate;
        }
        socket.destroy();
        reject(
          new FfrtmpError(
            'untrusted_certificate',
            `${url} shows another CA (${seen.at(-1)}) than the join line names: this is not that master`,
          ),
        );
      },
    );
    socket.once('error', (error) => reject(explain(url, error)));
    socket.once('timeout', () => socket.destroy(new Error('timed out')));
  });
}
