import * as crypto from 'node:crypto';

/**
 * UUID version 7: its first 48 bits are the time, so that new rows land at the end of every index. Built into Node since
 * 24.16; the type package does not know it yet.
 */
export const newId = (crypto as unknown as { randomUUIDv7: () => string }).randomUUIDv7;
