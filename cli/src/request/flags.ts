import { jobRequestSchema } from '@ffrtmp/shared/job/job';
import { z } from 'zod';

/** The part of JSON Schema that the contract uses. */
interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  format?: string;
  enum?: string[];
  anyOf?: Schema[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
}

/**
 * One flag of `jobs submit`, derived from the contract. value: `--crf 23`; map: `--label k=v`, may be repeated;
 * ask: `--quality` alone takes the defaults, `--quality psnr` names a choice; switch: `--require-capable` says yes.
 */
export interface JobFlag {
  /** Without the dashes: `max-retries`. */
  name: string;
  kind: 'value' | 'map' | 'ask' | 'switch';
  /** Where the value goes in the request; a number is a place in an array. */
  path: readonly (string | number)[];
  /** May the value be a number? Then a numeric text is sent as one. */
  numeric: boolean;
  choices: readonly string[] | undefined;
  /** What stands for the value in the help. */
  placeholder: string;
  help: string;
}

/** Groups whose fields need no prefix: their names speak for themselves and are unique. */
const flatGroups = new Set(['parameters', 'limits', 'resources']);
const singular = (name: string) => name.replace(/s$/, '');
const kebab = (name: string) => name.replaceAll('_', '-');

/** Every field of a job request as flags, in the order of the schema. */
export function jobFlags(): JobFlag[] {
  const root = z.toJSONSchema(jobRequestSchema, { io: 'input', unrepresentable: 'any' }) as Schema;
  const resolve = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : { ...root.$defs?.[name], ...schema };
  };
  return Object.entries(resolve(root).properties ?? {}).flatMap(([name, schema]) => fieldFlags(name, resolve(schema)));
}

function fieldFlags(name: string, schema: Schema, path: JobFlag['path'] = [name]): JobFlag[] {
  if (schema.type === 'array' && schema.items?.properties) {
    return Object.entries(schema.items.properties).map(([inner, field]) =>
      valueFlag(`${singular(name)}-${inner}`, [name, 0, inner], field),
    );
  }
  if (schema.type !== 'object') return [valueFlag(name, path, schema)];
  const prefix = flatGroups.has(name) ? '' : `${name}-`;
  const flags = Object.entries(schema.properties ?? {}).flatMap(([inner, field]) =>
    // A list of choices is what the whole group is about: the flag of the group names them.
    field.type === 'array' && field.items?.enum
      ? [askFlag(name, inner, field, schema)]
      : fieldFlags(prefix + inner, field, [...path, inner]),
  );
  return typeof schema.additionalProperties === 'object' ? [...flags, mapFlag(name, schema)] : flags;
}

function typesOf(schema: Schema): string[] {
  return [schema.type ?? [], ...(schema.anyOf ?? []).map(typesOf)].flat();
}

function valueFlag(name: string, path: JobFlag['path'], schema: Schema): JobFlag {
  const numeric = typesOf(schema).some((type) => type === 'number' || type === 'integer');
  const kind = schema.type === 'boolean' ? 'switch' : 'value';
  const placeholder = isTime(schema) ? 'time' : numeric ? 'value' : 'text';
  return { name: kebab(name), kind, path, numeric, choices: schema.enum, placeholder, help: helpOf(schema) };
}

function mapFlag(name: string, schema: Schema): JobFlag {
  const known = schema.properties !== undefined;
  return {
    name: known ? 'param' : singular(kebab(name)),
    kind: 'map',
    path: [name],
    numeric: known,
    choices: undefined,
    placeholder: 'name=value',
    help: known ? 'any other parameter; stored even where it has no effect' : severalOf(schema),
  };
}

function askFlag(name: string, inner: string, list: Schema, schema: Schema): JobFlag {
  return {
    name: kebab(name),
    kind: 'ask',
    path: [name, inner],
    numeric: false,
    choices: list.items?.enum,
    placeholder: 'names',
    help: `${helpOf(schema)}; all of ${list.items?.enum?.join(', ')} unless some are named`,
  };
}

const isTime = (schema: Schema) => schema.format === 'date-time';
const severalOf = ({ description }: Schema) => [description ?? [], 'repeat the flag for several'].flat().join('; ');

function helpOf(schema: Schema): string {
  const range =
    schema.minimum !== undefined && schema.maximum !== undefined && schema.maximum < 1e9
      ? `${schema.minimum} to ${schema.maximum}`
      : '';
  const standard = ['string', 'number'].includes(typeof schema.default) && schema.default !== '' ? schema.default : '';
  const example = isTime(schema) ? 'e.g. 2026-11-20T18:00:00Z' : '';
  const text = [schema.description?.replaceAll('`', '') ?? '', range, example].filter((part) => part !== '').join('; ');
  return standard === '' ? text : `${text} (default: ${standard})`.trim();
}
