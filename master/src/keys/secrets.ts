import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Prefixes tell a person, and a secret scanner, what a found string is. */
const prefixes = { admin: 'ffk', submitter: 'ffk', viewer: 'ffk', node: 'ffn', join: 'ffj' } as const;

/** 256 random bits behind a prefix; only its hash is stored. */
export const newSecret = (role: keyof typeof prefixes) => `${prefixes[role]}_${randomBytes(32).toString('base64url')}`;

/** A random 256-bit secret needs no slow hash: guessing it is hopeless either way. */
export const secretHash = (secret: string) => hash('sha256', secret, 'hex');

/** Compares two texts in constant time, whatever their lengths. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}

export interface LeaseTokens {
  of: (attemptId: string) => string;
  matches: (attemptId: string, token: string) => boolean;
}

/** Tokens that are remembered: every call about an attempt asks for its token again, and making one takes 4 us. */
const MAX_TOKENS = 20_000;

/**
 * Lease tokens are derived from the attempt, not stored: a repeated claim can return the very same lease, and the
 * database holds nothing that would let a reader of its backup publish a result.
 */
export function createLeaseTokens(signingSecret: string): LeaseTokens {
  // A key object is prepared once; a text would be made into a key for each token.
  const key = createSecretKey(Buffer.from(signingSecret));
  const made = new Map<string, string>();
  function of(attemptId: string): string {
    const known = made.get(attemptId);
    if (known !== undefined) return known;
    if (made.size >= MAX_TOKENS) made.clear();
    const token = createHmac('sha256', key).update(attemptId).digest('base64url');
    made.set(attemptId, token);
    return token;
  }
  return { of, matches: (attemptId, token) => sameSecret(of(attemptId), token) };
}
