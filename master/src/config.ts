import { type Config, durationOption, type Options } from '@ffrtmp/shared/config';
import { DEFAULT_MAX_RETRIES } from '@ffrtmp/shared/job/retry';
import { DEFAULT_LEASE_MS, MIN_LEASE_MS } from '@ffrtmp/shared/node/timing';
import { z } from 'zod';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const list = z
  .union([z.string(), z.array(z.string())])
  .default('')
  .transform((value) =>
    (Array.isArray(value) ? value : value.split(',')).map((one) => one.trim()).filter((one) => one !== ''),
  );

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
    help: 'database file, or :memory:; default DATA-DIR/master.db',
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
    schema: durationOption(`${DEFAULT_LEASE_MS}ms`).refine((ms) => ms >= MIN_LEASE_MS, {
      error: `is shorter than ${MIN_LEASE_MS} ms`,
    }),
    help: 'work of a silent agent is taken back after this',
  },
  schedulerInterval: {
    schema: durationOption('5s').refine((ms) => ms >= 100, { error: 'is shorter than 100 ms' }),
    help: 'pause of the safety pass behind the timers',
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
