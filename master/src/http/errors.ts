import { isDiskFull } from '@ffrtmp/runtime/program';
import { nearest } from '@ffrtmp/shared/config';
import { type ErrorBody, FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { FastifyError } from 'fastify';
import { z } from 'zod';

export const errorBody = (error: FfrtmpError): ErrorBody => ({
  error: {
    code: error.code,
    message: error.message,
    ...(error.details === undefined ? {} : { details: error.details }),
  },
});

/** The one border where errors become HTTP: ours keep their code, the framework's are translated, the rest are ours to mend. */
export function toFfrtmpError(error: unknown): FfrtmpError {
  if (error instanceof FfrtmpError) return error;
  const { statusCode, message } = error as FastifyError;
  if (isDiskFull(error))
    return new FfrtmpError(
      'insufficient_storage',
      'the disk under the master’s data directory is full: nothing was stored',
    );
  if (statusCode === 413) return new FfrtmpError('payload_too_large', 'the request body is too large');
  if (statusCode === 415)
    return new FfrtmpError('unsupported_media_type', 'send JSON with content-type: application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new FfrtmpError('invalid_request', message);
  return new FfrtmpError('internal', 'the master failed to handle this request; its log has the details');
}

const pathText = (path: readonly PropertyKey[]) => path.map(String).join('.');

/** The object schema below a list of arrays and wrappers, to know which fields it has. */
function knownKeys(schema: z.ZodType | undefined, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const key of path) {
    const inner = at as { shape?: Record<string, z.ZodType>; element?: z.ZodType } | undefined;
    at = unwrap(inner?.shape?.[String(key)] ?? inner?.element);
  }
  return Object.keys((at as { shape?: object } | undefined)?.shape ?? {});
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let at = schema;
  while (at instanceof z.ZodDefault || at instanceof z.ZodOptional || at instanceof z.ZodNullable)
    at = at.unwrap() as z.ZodType;
  return at;
}

/** All problems of a request at once; an unknown field is named together with the known one nearest to it. */
export function invalidRequest(where: string, error: z.ZodError, schema: z.ZodType | undefined): FfrtmpError {
  const problems = error.issues.map((issue) => {
    const path = pathText(issue.path);
    if (issue.code !== 'unrecognized_keys') return { path, message: issue.message };
    const known = knownKeys(schema, issue.path);
    const names = issue.keys.map((key) => {
      const near = nearest(key, known);
      return near === undefined ? `"${key}"` : `"${key}" (did you mean "${near}"?)`;
    });
    return { path, message: `unknown field ${names.join(', ')}` };
  });
  const text = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new FfrtmpError('invalid_request', `${where}: ${text}`, { problems });
}
