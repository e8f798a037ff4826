import 'reflect-metadata';
import { X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { certificateFingerprint } from '@ffrtmp/runtime/connect';
import { masterFiles } from '@ffrtmp/runtime/data-dir';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { writeSecret } from './first-start.ts';

cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CA_YEARS = 10;
const SERVER_DAYS = 397;
/** A server certificate is renewed at start when less than this is left of it. */
const RENEW_DAYS = 60;
const DAY_MS = 86_400_000;

export interface ServerIdentity {
  /** Server certificate and CA: the chain lets a joining agent pin the CA's fingerprint. */
  cert: string;
  key: string;
  caFingerprint: string;
}

export interface AuthorityParts {
  dataDir: string;
  hosts: readonly string[];
  ips: readonly string[];
  nowMs: number;
}

/** Names under which this machine may be reached: what the operator said, and what the interfaces show. */
function namesOf(parts: AuthorityParts): { dns: string[]; ips: string[] } {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const ips = interfaces
    .map((one) => one.address)
    .filter((address) => !address.includes('%') && !address.startsWith('fe80'));
  const isIp = (name: string) => /^[\d.]+$|:/.test(name);
  return {
    dns: [...new Set(['localhost', ...parts.hosts.filter((name) => name !== '' && !isIp(name))])],
    ips: [...new Set(['127.0.0.1', '::1', ...ips, ...parts.ips, ...parts.hosts.filter(isIp)])].filter(
      (ip) => ip !== '0.0.0.0' && ip !== '::',
    ),
  };
}

const randomSerial = () =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
    .toString('hex')
    .replace(/^[89a-f]/, '1');

const newKeys = () =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

async function keyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
}

/** The private CA of this fleet: made at first start, its key readable by the owner alone. */
async function openCa(parts: AuthorityParts): Promise<{ cert: string; key: webcrypto.CryptoKey }> {
  const certPath = join(parts.dataDir, masterFiles.ca);
  const keyPath = join(parts.dataDir, 'ca.key');
  if (!existsSync(certPath) || !existsSync(keyPath)) {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: randomSerial(),
      name: 'CN=ffrtmp private CA',
      notBefore: new Date(parts.nowMs - DAY_MS),
      notAfter: new Date(parts.nowMs + CA_YEARS * 365 * DAY_MS),
      keys: keys as never,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    writeSecret(keyPath, await keyPem(keys));
    writeFileSync(certPath, `${certificate.toString('pem')}\n`);
  }
  return { cert: readFileSync(certPath, 'utf8').trim(), key: await importKey(readFileSync(keyPath, 'utf8')) };
}

/** Opens or makes CA and server certificate. A certificate that lacks one of today's names, or ends soon, is made anew. */
export async function openAuthority(parts: AuthorityParts): Promise<ServerIdentity> {
  const ca = await openCa(parts);
  const certPath = join(parts.dataDir, 'server.crt');
  const keyPath = join(parts.dataDir, 'server.key');
  const names = namesOf(parts);
  const wanted = [...names.dns, ...names.ips];
  if (!existsSync(certPath) || !existsSync(keyPath) || !stillGood(readFileSync(certPath, 'utf8'), names, parts.nowMs)) {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: `CN=${wanted[0] ?? 'localhost'}`,
      issuer: 'CN=ffrtmp private CA',
      notBefore: new Date(parts.nowMs - DAY_MS),
      notAfter: new Date(parts.nowMs + SERVER_DAYS * DAY_MS),
      publicKey: keys.publicKey as never,
      signingKey: ca.key as never,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new SubjectAlternativeNameExtension([
          ...names.dns.map((value) => ({ type: 'dns' as const, value })),
          ...names.ips.map((value) => ({ type: 'ip' as const, value })),
        ]),
      ],
    });
    writeSecret(keyPath, await keyPem(keys));
    writeFileSync(certPath, `${certificate.toString('pem')}\n`);
  }
  return {
    cert: `${readFileSync(certPath, 'utf8').trim()}\n${ca.cert}\n`,
    key: readFileSync(keyPath, 'utf8'),
    caFingerprint: certificateFingerprint(new NodeCertificate(ca.cert).raw),
  };
}

function stillGood(pem: string, names: { dns: string[]; ips: string[] }, nowMs: number): boolean {
  const certificate = new NodeCertificate(pem);
  const covered =
    names.dns.every((name) => certificate.checkHost(name)) && names.ips.every((ip) => certificate.checkIP(ip));
  return covered && Date.parse(certificate.validTo) - nowMs > RENEW_DAYS * DAY_MS;
}
