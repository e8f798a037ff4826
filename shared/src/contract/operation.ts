import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'HEAD';

/** Who may call: `open` anybody, `join` a join token or an admin, `transfer` whoever moves files. */
export type Access = 'open' | 'join' | 'node' | 'transfer' | 'read' | 'write' | 'admin';

export const roles = ['admin', 'submitter', 'viewer', 'node', 'join'] as const;
export type Role = (typeof roles)[number];

const accessOfRole: Record<Role, readonly Access[]> = {
  admin: ['open', 'join', 'node', 'transfer', 'read', 'write', 'admin'],
  submitter: ['open', 'transfer', 'read', 'write'],
  viewer: ['open', 'read'],
  // A node registers again with its own credential after a restart; the register verb holds it to its own address.
  node: ['open', 'join', 'node', 'transfer'],
  join: ['open', 'join'],
};

export const mayCall = (role: Role, access: Access) => accessOfRole[role].includes(access);

/**
 * One operation of the API, declared once as data: the route, the typed client, OpenAPI, CLI flags and the reference
 * page follow from it. `stream` marks replies that are not one JSON body.
 */
export interface Operation {
  id: string;
  method: Method;
  path: `/${string}`;
  access: Access;
  summary: string;
  description?: string;
  params?: z.ZodType;
  query?: z.ZodType;
  headers?: z.ZodType;
  body?: z.ZodType;
  /** Success replies by status; the first is the usual one. */
  replies: Record<number, z.ZodType | null>;
  errors?: readonly ErrorCode[];
  stream?: 'sse' | 'bytes' | 'tus';
}

/** Keeps the literal types of a declaration while checking its shape. */
export function operation<const T extends Operation>(declared: T): T {
  return declared;
}
