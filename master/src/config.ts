import { type Config, durationOption, type Options } from '@ffrtmp/shared/config';
import { pueSchema } from '@ffrtmp/shared/energy/pue';
import { queueOrders } from '@ffrtmp/shared/job/job';
import { DEFAULT_MAX_RETRIES } from '@ffrtmp/shared/job/retry';
import { parseBytes, parseDurationMs } from '@ffrtmp/shared/media/units';
import { DEFAULT_LEASE_MS, MIN_LEASE_MS } from '@ffrtmp/shared/node/timing';
import { z } from 'zod';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const list = z
  .union([z.string(), z.array(z.string())])
  .default('')
  .transform((value) =>
    (Array.isArray(value) ? value : value.split(',')).map((one) => one.trim()).filter((one) => one !== ''),
  );

/**
 * How long something is kept -> milliseconds, or null for ever. With its unit: elsewhere a bare number counts seconds,
 * and who writes 90 here means days.
 */
const keep = (fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .transform((text, context) => {
      if (text === 'forever') return null;
      const ms = parseDurationMs(text);
      if (ms === undefined || (ms > 0 && !/[a-z]$/i.test(String(text).trim())))
        context.addIssue({ code: 'custom', message: 'is not a duration with its unit: write 90d, 12h or forever' });
      return ms || null;
    });
/** How much may lie there -> bytes, or null without a limit. */
const size = (fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .transform((text, context) => {
      if (text === 'unlimited') return null;
      const bytes = parseBytes(text);
      if (bytes === undefined)
        context.addIssue({ code: 'custom', message: 'is not a size: write 500MB, 2TB or unlimited' });
      return bytes || null;
    });

/** Grams of CO2e a kilowatt hour; no grid has more. */
const MAX_INTENSITY = 3000;
/** The making of a rack full of machines, kilograms; more is a slip of the keyboard. */
const MAX_EMBODIED_KG = 1e6;
const webAddress = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
  error: 'is no address: write https://host/path',
});

/** Every option of the master. Flags are the keys in kebab-case, YAML keys the keys in snake_case below `master:`. */
export const masterOptions = {
  host: {
    schema: z.string().min(1).default('127.0.0.1'),
    help: 'address to listen on; anything but loopback means TLS',
  },
  port: { schema: port(8080), help: 'port of the API; 0 picks a free one' },
  db: {
    schema: z.string().optional(),
    file: 'db_path',
    help: 'database file, :memory:, or postgres://user@host/name (one master each); default DATA-DIR/master.db',
  },
  dataDir: { schema: z.string().optional(), help: 'where keys, files and logs are kept' },
  config: { schema: z.string().optional(), help: 'YAML file; default ./ffrtmp.yaml, the user’s, the system’s' },
  tls: {
    schema: z.boolean().optional(),
    file: 'tls.enabled',
    help: 'serve HTTPS; default on unless the host is loopback',
  },
  cert: { schema: z.string().optional(), file: 'tls.cert', help: 'server certificate (PEM) instead of the own CA’s' },
  key: { schema: z.string().optional(), file: 'tls.key', help: 'its private key (PEM)' },
  certHosts: { schema: list, help: 'more host names for the own certificate, comma-separated' },
  certIps: { schema: list, help: 'more addresses for the own certificate, comma-separated' },
  apiKey: {
    schema: z
      .string()
      .min(16, { error: 'is too short for a key: take at least 16 characters' })
      .regex(/^\S+$/, { error: 'holds white space: a Bearer header cannot carry it' })
      .optional(),
    env: ['MASTER_API_KEY'],
    help: 'the admin key; without one the first start makes one',
  },
  maxRetries: {
    schema: z.coerce.number().int().min(0).max(20).default(DEFAULT_MAX_RETRIES),
    help: 'retries of a job that does not say how many',
  },
  lease: {
    schema: durationOption(`${DEFAULT_LEASE_MS / 1000}s`).refine((ms) => ms >= MIN_LEASE_MS, {
      error: `is shorter than ${MIN_LEASE_MS} ms`,
    }),
    help: 'work of a silent agent is taken back after this',
  },
  queueOrder: {
    schema: z.enum(queueOrders).default('strict'),
    help: 'strict: queue, then priority; weighted: 10/5/1 by queue times 3/2/1 by priority, and waiting counts',
  },
  agingStep: {
    schema: durationOption('10m').refine((ms) => ms >= 1000, { error: 'is shorter than 1 s' }),
    help: 'in weighted order, waiting this long lifts a rank by one',
  },
  reserveAfter: {
    schema: durationOption('5m'),
    help: 'a task that fits nowhere has a node kept free for it after waiting this long at the head',
  },
  stallTimeout: {
    schema: durationOption('10m').refine((ms) => ms >= 1000, { error: 'is shorter than 1 s' }),
    help: 'an attempt of which nothing new is heard for this long is ended, though its lease is renewed',
  },
  schedulerInterval: {
    schema: durationOption('5s').refine((ms) => ms >= 100, { error: 'is shorter than 100 ms' }),
    help: 'pause of the safety pass behind the timers',
  },
  keepJobs: { schema: keep('90d'), help: 'ended jobs go after this; their daily sums stay; 0 or forever: never' },
  keepLogs: { schema: keep('30d'), help: 'logs of ended jobs go after this; 0 or forever: with their jobs' },
  maxLogBytes: {
    schema: size('10GB'),
    placeholder: 'size',
    help: 'more than this of logs, and the oldest of ended jobs go; 0 or unlimited: none for space',
  },
  keepFiles: {
    schema: keep('forever'),
    help: 'files that no job has used for this long go; a job shows that its output is pruned; 0 or forever: never',
  },
  maxFileBytes: {
    schema: size('unlimited'),
    placeholder: 'size',
    help: 'more than this of files, and those unused for longest go; 0 or unlimited: uploads are refused on a full disk',
  },
  keepEnergy: {
    schema: keep('forever'),
    help: 'what nodes said of their whole machine by the hour goes after this; 0 or forever: never',
  },
  tariff: {
    schema: z.string().min(1).optional(),
    help: 'YAML or JSON file of prices; without one cost is none',
  },
  pue: {
    schema: pueSchema.optional(),
    placeholder: '1.2|aws|gcp|azure',
    help: 'what the site draws for each watt at the machines; the tariff file’s own is taken before it',
  },
  carbonRegion: {
    schema: z.string().min(2).max(40).optional(),
    help: 'country (DE, DEU) or cloud region (eu-central-1) whose yearly average is the grid; default the world’s',
  },
  carbonIntensity: {
    schema: z.coerce.number().min(0).max(MAX_INTENSITY).optional(),
    placeholder: 'g/kWh',
    help: 'grams of CO2e a kilowatt hour; taken before API and region',
  },
  carbonApi: {
    schema: webAddress.optional(),
    help: 'live values in the form of Electricity Maps, as https://api.electricitymaps.com/v3',
  },
  carbonZone: { schema: z.string().min(1).max(40).optional(), help: 'zone of the carbon API, as DE or US-CAL-CISO' },
  carbonToken: {
    schema: z.string().min(1).max(400).regex(/^\S+$/, { error: 'holds white space' }).optional(),
    env: ['ELECTRICITY_MAPS_TOKEN'],
    help: 'its auth-token; better in the environment, as ELECTRICITY_MAPS_TOKEN',
  },
  embodiedKg: {
    schema: z.coerce.number().min(0).max(MAX_EMBODIED_KG).optional(),
    placeholder: 'kg',
    help: 'CO2e of making one node; default by its type; a node’s label embodied_kg is taken before it',
  },
  drainDeadline: { schema: durationOption('10s'), help: 'SIGTERM ends open requests after this' },
  metrics: { schema: z.boolean().default(true), help: 'serve /metrics on a port of its own' },
  metricsPort: { schema: port(9090), help: 'port of /metrics; 0 picks a free one' },
  logLevel: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    help: 'least severe entry that is logged',
  },
} as const satisfies Options;

export type MasterConfig = Config<typeof masterOptions>;
