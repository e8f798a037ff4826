import { errorTable } from '@ffrtmp/shared/contract/errors';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import { operations } from '@ffrtmp/shared/contract/operations';
import { z } from 'zod';

type Json = Record<string, unknown>;

/** Named parts of requests and of replies. A part whose two sides differ, by its defaults, is `NameInput` in requests. */
interface Components {
  input: Json;
  output: Json;
}

/** A schema as OpenAPI wants it: named parts move to `components`, replies stay open for fields that later versions add. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const {
    $defs,
    $schema: _,
    ...body
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & { $defs?: Json };
  const definitions = new Map(Object.entries($defs ?? {}).map(([name, part]) => [name, rewrite(part, io)]));
  const nameOf = (name: string) =>
    io === 'input' && differs(definitions.get(name), components.output[name]) ? `${name}Input` : name;
  for (const [name, definition] of definitions) components[io][nameOf(name)] = renamed(definition, nameOf);
  return renamed(rewrite(body, io), nameOf) as Json;
}

const differs = (input: unknown, output: unknown) =>
  output !== undefined && JSON.stringify(input) !== JSON.stringify(output);

/** Points every reference at the component's name in this document. */
function renamed(value: unknown, nameOf: (name: string) => string): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner) =>
    key === '$ref' && typeof inner === 'string'
      ? `#/components/schemas/${nameOf(inner.slice('#/$defs/'.length))}`
      : inner,
  );
}

function rewrite(value: unknown, io: 'input' | 'output'): unknown {
  if (Array.isArray(value)) return value.map((inner) => rewrite(inner, io));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'id' || typeof (value as Json).id !== 'string' || (value as Json).type === undefined)
    .filter(([key, inner]) => !(io === 'output' && key === 'additionalProperties' && inner === false))
    .map(([key, inner]): [string, unknown] => [key, rewrite(inner, io)]);
  return Object.fromEntries(entries);
}

function parameters(operation: Operation, components: Components): Json[] {
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

function responses(operation: Operation, components: Components): Json {
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
  const statuses = new Set(codes.map((code) => errorTable[code].http ?? 500));
  for (const status of statuses) {
    const named = codes.filter((code) => (errorTable[code].http ?? 500) === status).map((code) => `\`${code}\``);
    replies.push([
      String(status),
      {
        description: `error ${named.join(', ')}`,
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
  const components: Components = { input: {}, output: { Error: errorSchema } };
  // Replies first: what a request's part is called depends on whether a reply has a part of that name.
  const repliesOf = new Map(operations.map((operation) => [operation.id, responses(operation, components)]));
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
      responses: repliesOf.get(operation.id),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'ffrtmp', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }, { url: '/api' }],
    security: [{ key: [] }],
    paths,
    components: {
      schemas: { ...components.input, ...components.output },
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
  };
}
