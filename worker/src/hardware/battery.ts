import { readdir, readFile } from 'node:fs/promises';

const readOr = (path: string) => readFile(path, 'utf8').catch(() => '');

/** Does the machine itself run on a battery? Those of mice and headsets (`scope` = Device) do not count. */
export async function hasBattery(sys: string): Promise<boolean> {
  const folder = `${sys}/class/power_supply`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const type = (await readOr(`${folder}/${name}/type`)).trim();
    const scope = (await readOr(`${folder}/${name}/scope`)).trim();
    if (type === 'Battery' && scope !== 'Device') return true;
  }
  return false;
}
