import { nearest } from '@ffrtmp/shared/config';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { z } from 'zod';
import { cloudCountry, cloudRegions } from './cloud-regions.ts';
import { alpha3, emberYear } from './countries.ts';
import type { Intensity } from './intensity.ts';

/** What is beyond these is no grid but an error of the table, which says 0 of the Central African Republic. */
const LEAST_G = 1;
const MOST_G = 2000;

const tableSchema = z.object({ averageIntensity: z.object({ data: z.record(z.string(), z.number()) }) });

/** Ember's yearly averages as @tgwf/co2 ships them, read when they are needed; the package has no types. */
async function emberTable(): Promise<Readonly<Record<string, number>>> {
  const name: string = '@tgwf/co2/data';
  return tableSchema.parse(await import(name)).averageIntensity.data;
}

const bad = (message: string) => new FfrtmpError('bad_config', `--carbon-region ${message}`);

/** The name of a region in the table: a cloud's region, a country in two or three letters, or one of Ember's groups. */
function keyOf(region: string, table: Readonly<Record<string, number>>): string {
  const upper = region.toUpperCase();
  const key = cloudCountry(region.toLowerCase()) ?? alpha3.get(upper) ?? upper;
  if (Object.hasOwn(table, key)) return key;
  const near = nearest(region, [...cloudRegions(), ...alpha3.keys(), ...Object.keys(table)]);
  throw bad(
    `${region}: is no country (DE, DEU) or cloud region (eu-central-1)${near ? `; did you mean ${near}?` : ''}`,
  );
}

/** The yearly average of a region, or of the world without one. An unknown region is an error: nobody would notice it later. */
export async function regionIntensity(region: string | undefined): Promise<Intensity> {
  const table = await emberTable();
  const key = keyOf(region ?? 'WORLD', table);
  const gPerKwh = table[key] ?? Number.NaN;
  if (!(gPerKwh >= LEAST_G && gPerKwh <= MOST_G))
    throw bad(`${region}: the table says ${gPerKwh} g/kWh, which cannot be; set --carbon-intensity`);
  const place =
    region === undefined ? 'the world, no region is set' : key === region.toUpperCase() ? key : `${region} (${key})`;
  const text = `${gPerKwh} g/kWh average, lifecycle, of ${place}: Ember ${emberYear(key)}, @tgwf/co2 0.19`;
  return { gPerKwh, text };
}
