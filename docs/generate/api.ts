import { errorTable } from '@ffrtmp/shared/contract/errors';
import { mayCall, type Operation, roles } from '@ffrtmp/shared/contract/operation';
import { operations } from '@ffrtmp/shared/contract/operations';
import type { z } from 'zod';
import { code, page, table } from './markdown.ts';
import { fieldsOf, type JsonSchema, type Shapes, toJson, typeText } from './schema.ts';

const streams = {
  sse: 'a stream of server-sent events',
  bytes: 'the bytes of the file',
  tus: 'as the tus protocol 1.0 has it',
} as const;

const rolesOf = (operation: Operation) =>
  operation.access === 'open' ? 'anybody' : roles.filter((role) => mayCall(role, operation.access)).join(', ');

function fieldTable(json: JsonSchema): string {
  const rows = fieldsOf(json).map((field) => [
    code(field.name),
    field.type,
    field.default || (field.required ? 'needed' : ''),
    field.description,
  ]);
  return table(['field', 'type', 'default', 'meaning'], rows);
}

function input(title: string, schema: z.ZodType | undefined, shapes: Shapes): string[] {
  if (!schema) return [];
  const json = toJson(schema, 'input', shapes);
  return json.properties ? [`${title}:`, fieldTable(json)] : [`${title}: ${typeText(json)}`];
}

function replyLine(operation: Operation, status: string, schema: z.ZodType | null, shapes: Shapes): string {
  if (!schema) return `- ${status}${operation.stream ? `: ${streams[operation.stream]}` : ''}`;
  const json = toJson(schema, 'output', shapes);
  const fields = Object.entries(json.properties ?? {}).map(([name, inner]) => `${code(name)} ${typeText(inner)}`);
  return `- ${status}: ${json.$ref || fields.length === 0 ? typeText(json) : fields.join(', ')}`;
}

function section(operation: Operation, shapes: Shapes): string[] {
  const refusals = (operation.errors ?? []).map((name) => `${code(name)} (${errorTable[name].http})`);
  return [
    `### ${operation.method} ${operation.path}`,
    `${operation.summary}.${operation.description ? ` ${operation.description}` : ''} Operation ${code(operation.id)}, for ${rolesOf(operation)}.`,
    ...input('Path', operation.params, shapes),
    ...input('Query', operation.query, shapes),
    ...input('Headers', operation.headers, shapes),
    ...input('Body', operation.body, shapes),
    [
      'Replies:',
      ...Object.entries(operation.replies).map(([status, schema]) => replyLine(operation, status, schema, shapes)),
    ].join('\n'),
    ...(refusals.length > 0 ? [`Own errors: ${refusals.join(', ')}.`] : []),
  ];
}

function shapeSection(id: string, json: JsonSchema): string[] {
  const choices = json.anyOf ?? json.oneOf ?? [];
  const lead = json.description ? [json.description] : [];
  const tables =
    choices.length > 0
      ? choices.flatMap((choice) => (choice.properties ? [fieldTable(choice)] : [typeText(choice)]))
      : [fieldTable(json)];
  return [`### ${id}`, ...lead, ...tables];
}

const overview = () =>
  table(
    ['call', 'does', 'for'],
    operations.map((operation) => [
      `${operation.method} ${code(operation.path)}`,
      operation.summary,
      rolesOf(operation),
    ]),
  );

export function apiPage(): string {
  const shapes: Shapes = new Map();
  const sections = operations.flatMap((operation) => section(operation, shapes));
  const described = [...shapes].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([id, json]) => shapeSection(id, json));
  return page('The API', [
    'Bodies are JSON. Every operation also answers below `/api`. The key travels as `Authorization: Bearer KEY`. An error is `{"error": {"code", "message", "details"}}` with a code of [the error table](errors.md); besides its own errors every operation may answer `invalid_request`, `unauthorized`, `forbidden`, `payload_too_large`, `internal` and `unavailable`.',
    overview(),
    '## Operations',
    ...sections,
    '## Shapes',
    ...described,
  ]);
}
