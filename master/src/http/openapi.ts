import { errorTable } from '@ffrtmp/shared/contract/errors';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import { operations } from '@ffrtmp/shared/contract/operations';
import { z } from 'zod';

type Json = Record<string, unknown>;

/** A schema as OpenAPI wants it: named parts move to `components`, replies stay open for fields that later versions add. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const {
    $defs,
    $schema: _,
    ...body
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & { $defs?: Json };
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] = rewrite(definition, io);
  return rewrite(body, io) as Json;
}

function rewrite(value: unknown, io: 'input' | 'output'): unknown {
  if (Array.isArray(value)) return value.map((inner) => rewrite(inner, io));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'id' || typeof (value as Json).id !== 'string' || (value as Json).type === undefined)
    .filter(([key, inner]) => !(io === 'output' && key === 'additionalProperties' && inner === false))
    .map(([key, inner]): [string, unknown] =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace('#/$defs/', '#/components/schemas/')]
        : [key, rewrite(inner, io)],
    );
  return Object.fromEntries(entries);
}

function parameters(operation: Operation, components: Json): Json[] {
  const places = [
    ['path', operation.params],
    ['query', operation.query],
    ['header', operation.headers],
  ] as const;
  return places.flatMap(([place, schema]) => {
    const shape = (schema as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {};
    return Object.entries(shape).map(([name, field]) => ({
      name,
      in: place,
      required: place === 'path' || !field.safeParse(undefined).success,
      schema: jsonSchema(field, 'input', components),
    }));
  });
}

function responses(operation: Operation, components: Json): Json {
  const mediaType =
    operation.stream === 'sse'
      ? 'text/event-stream'
      : operation.stream === 'bytes'
        ? 'application/octet-stream'
        : undefined;
  const replies = Object.entries(operation.replies).map(([status, schema]) => {
    const body = schema && { content: { 'application/json': { schema: jsonSchema(schema, 'output', components) } } };
    const stream =
      mediaType && Number(status) < 300 ? { content: { [mediaType]: { schema: { type: 'string' } } } } : {};
    return [status, { description: operation.summary, ...(body ?? stream) }];
  });
  const codes = [
    ...(operation.access === 'open' ? [] : (['unauthorized', 'forbidden'] as const)),
    'invalid_request' as const,
    ...(operation.errors ?? []),
  ];
  for (const code of codes) {
    const status = String(errorTable[code].http ?? 500);
    replies.push([
      status,
      {
        description: `error \`${code}\``,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]);
  }
  return Object.fromEntries(replies);
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string', enum: Object.keys(errorTable) }, message: { type: 'string' }, details: {} },
    },
  },
};

/** The whole contract as one OpenAPI 3.1 document. */
export function openApiDocument(version: string): Json {
  const components: Json = { Error: errorSchema };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    paths[operation.path] = path;
    const body = operation.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(operation.body, 'input', components) } },
      },
    };
    path[operation.method.toLowerCase()] = {
      operationId: operation.id,
      summary: operation.summary,
      ...(operation.description === undefined ? {} : { description: operation.description }),
      ...(operation.access === 'open' ? { security: [] } : {}),
      parameters: parameters(operation, components),
      ...body,
      responses: responses(operation, components),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'ffrtmp', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }, { url: '/api' }],
    security: [{ key: [] }],
    paths,
    components: { schemas: components, securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  };
}
