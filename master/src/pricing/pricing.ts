import type { Clock } from '@ffrtmp/runtime/clock';
import { readYamlFile } from '@ffrtmp/runtime/config-file';
import { isLoopback } from '@ffrtmp/runtime/loopback';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { NO_PUE } from '@ffrtmp/shared/energy/pue';
import type { MasterConfig } from '../config.ts';
import type { Database } from '../database/open.ts';
import type { GridApi } from './grid-api.ts';
import { type Intensity, meanIntensity } from './intensity.ts';
import { type LiveGrid, openLiveGrid } from './live-grid.ts';
import { type EndedWork, priceAttempt, type Rates, withPrices } from './price.ts';
import { regionIntensity } from './region-table.ts';
import { type Tariff, tariffOf, tariffSchema } from './tariff.ts';

export interface Pricing {
  /** The figures of an attempt with its prices. */
  figures: (work: EndedWork) => Figure[];
  /** Its prices alone. */
  prices: (work: EndedWork) => Figure[];
  /** Asks the grid for its present value; null where no API is set. In the background alone. */
  refresh: LiveGrid['refresh'] | null;
}

type PricingConfig = Pick<
  MasterConfig,
  'tariff' | 'pue' | 'carbonRegion' | 'carbonIntensity' | 'carbonApi' | 'carbonZone' | 'carbonToken' | 'embodiedKg'
>;

const bad = (message: string) => new FfrtmpError('bad_config', message);

function readTariff(path: string | undefined): Tariff | null {
  if (path === undefined) return null;
  const parsed = tariffSchema.safeParse(readYamlFile(path, 'the tariff') ?? {});
  if (parsed.success) return tariffOf(parsed.data);
  const problems = parsed.error.issues.map(({ path: at, message }) => `tariff ${path}: ${at.join('.')} ${message}`);
  throw new FfrtmpError('bad_config', problems.join('\n'), { problems });
}

function gridApi({ carbonApi: url, carbonZone: zone, carbonToken: token }: PricingConfig): GridApi | null {
  if (url === undefined) return null;
  if (zone === undefined) throw bad('--carbon-api needs --carbon-zone, as DE or US-CAL-CISO');
  const { protocol, hostname } = new URL(url);
  if (token !== undefined && protocol !== 'https:' && !isLoopback(hostname))
    throw bad(`--carbon-api ${url}: the token would travel unencrypted; use https`);
  return { url, zone, token };
}

interface Read {
  tariff: Tariff | null;
  fixed: Intensity | null;
  fallback: Intensity;
  api: GridApi | null;
}

/** Everything that is configured of prices, or what is wrong with it: the start of the master and `config check` ask. */
export async function readPricing(config: PricingConfig): Promise<Read> {
  const { carbonIntensity: set } = config;
  const fixed = set === undefined ? null : { gPerKwh: set, text: `${set} g/kWh as configured` };
  const region = await regionIntensity(config.carbonRegion);
  return { tariff: readTariff(config.tariff), fixed, fallback: region, api: gridApi(config) };
}

interface Parts {
  config: PricingConfig;
  db: Pick<Database, 'read' | 'write'>;
  clock: Clock;
  fetch: typeof globalThis.fetch;
}

/** Configured intensity, else the live grid, else the region's yearly average, else the world's. */
export async function openPricing({ config, ...parts }: Parts): Promise<Pricing> {
  const { tariff, fixed, fallback, api } = await readPricing(config);
  const live = api && !fixed ? await openLiveGrid(parts, api) : null;
  const rates: Rates = {
    tariff,
    pue: tariff?.pue ?? config.pue ?? NO_PUE,
    intensityOver: (time) => fixed ?? (live ? meanIntensity(live.samples(), fallback, time) : fallback),
    embodiedKg: config.embodiedKg,
  };
  return {
    figures: (work) => withPrices(work, rates),
    prices: (work) => priceAttempt(work, rates),
    refresh: live?.refresh ?? null,
  };
}
