import { z } from 'zod';
import { code } from './markdown.ts';

/** The part of JSON Schema that zod writes and this page reads. */
export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  required?: string[];
  default?: unknown;
  description?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

export interface Field {
  name: string;
  type: string;
  required: boolean;
  default: string;
  description: string;
}

/** Schemas that carry an id, found on the way: each is described once, at the end of the page. */
export type Shapes = Map<string, JsonSchema>;

export function toJson(schema: z.ZodType, io: 'input' | 'output', shapes: Shapes): JsonSchema {
  const { $defs, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  for (const [id, shape] of Object.entries($defs ?? {})) if (!shapes.has(id)) shapes.set(id, shape);
  return json;
}

const refName = (ref: string) => ref.replace(/^.*\//, '');
const link = (id: string) => `[${id}](#${id.toLowerCase()})`;

function limits(json: JsonSchema): string {
  // zod prints the safe-integer bounds for every z.int(): they say nothing.
  const bound = (value: number | undefined) =>
    value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? '' : String(value);
  const low = bound(json.minimum);
  const high = bound(json.maximum);
  if (low || high) return low && high ? ` ${low} to ${high}` : low ? ` from ${low}` : ` up to ${high}`;
  return json.maxLength === undefined ? '' : `, at most ${json.maxLength} characters`;
}

/** A type in words: `string`, `integer 1 to 20`, `array of [Job](#job)`, `h264 or h265`. */
export function typeText(json: JsonSchema): string {
  if (json.$ref) return link(refName(json.$ref));
  const choices = json.anyOf ?? json.oneOf;
  if (choices) return [...new Set(choices.map(typeText))].join(' or ');
  if (json.const !== undefined) return code(JSON.stringify(json.const));
  if (json.enum) return json.enum.map((value) => code(String(value))).join(', ');
  if (json.type === 'array') return `array of ${typeText(json.items ?? {})}`;
  if (json.type === 'object') return json.properties ? 'object' : 'map';
  const name = Array.isArray(json.type) ? json.type.join(' or ') : (json.type ?? 'any');
  return name + (json.format ? ` (${json.format})` : '') + limits(json);
}

const isInline = (json: JsonSchema) => !json.$ref && json.properties !== undefined;

/** The fields of an object, those of inline objects and of inline array items as `outer.inner`. */
export function fieldsOf(json: JsonSchema, prefix = ''): Field[] {
  return Object.entries(json.properties ?? {}).flatMap(([name, inner]) => {
    const field: Field = {
      name: prefix + name,
      type: typeText(inner),
      required: json.required?.includes(name) ?? false,
      default: inner.default === undefined ? '' : code(JSON.stringify(inner.default)),
      description: inner.description ?? '',
    };
    const item = inner.items ?? {};
    const nested = isInline(inner)
      ? fieldsOf(inner, `${prefix}${name}.`)
      : isInline(item)
        ? fieldsOf(item, `${prefix}${name}[].`)
        : [];
    return [field, ...nested];
  });
}
