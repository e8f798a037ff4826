/** A page in the Prometheus text format 0.0.4, read strictly: what a scraper might take is not good enough. */
export interface Family {
  name: string;
  type: string;
  help: string;
  series: Series[];
}

export interface Series {
  /** With `_bucket`, `_sum` or `_count` in a histogram. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const seriesLine = new RegExp(`^(${name})(?:\\{(.*)\\})? (\\S+)$`);
const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const number = /^(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]Inf|Nan|NaN)$/;

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ''; ) {
    const [all = '', key = '', value = ''] = label.exec(rest) ?? [];
    if (all === '') throw new Error(`labels that are none: ${line}`);
    if (key in labels) throw new Error(`the label ${key} twice: ${line}`);
    labels[key] = value;
    rest = rest.slice(all.length);
  }
  return labels;
}

function seriesOf(line: string): Series {
  const [all, found = '', labels = '', value = ''] = seriesLine.exec(line) ?? [];
  if (all === undefined) throw new Error(`a line that is none: ${line}`);
  if (!number.test(value)) throw new Error(`a value that is none: ${line}`);
  return {
    name: found,
    labels: labelsOf(labels, line),
    value: value.endsWith('Inf') ? Number(`${value}inity`) : Number(value),
  };
}

const suffixes: Record<string, readonly string[]> = {
  histogram: ['_bucket', '_sum', '_count'],
  gauge: [''],
  counter: [''],
};

function checkHistogram({ name: family, series }: Family): void {
  const rows = Map.groupBy(series, ({ labels: { le: _, ...others } }) => JSON.stringify(others));
  for (const [labels, row] of rows) {
    const buckets = row.filter((one) => one.name.endsWith('_bucket'));
    const counts = buckets.map(({ value }) => value);
    if (counts.some((count, at) => count < (counts[at - 1] ?? 0))) throw new Error(`${family}${labels}: buckets fall`);
    if (buckets.at(-1)?.labels.le !== '+Inf') throw new Error(`${family}${labels}: no +Inf bucket`);
    const count = row.find((one) => one.name.endsWith('_count'))?.value;
    if (count !== counts.at(-1)) throw new Error(`${family}${labels}: +Inf is not the count`);
  }
}

function check(family: Family): void {
  const seen = new Set<string>();
  for (const one of family.series) {
    const key = `${one.name} ${JSON.stringify(Object.entries(one.labels).sort())}`;
    if (seen.has(key)) throw new Error(`a series twice: ${key}`);
    seen.add(key);
    if (family.type === 'counter' && !(one.value >= 0)) throw new Error(`a counter below 0: ${key} ${one.value}`);
  }
  if (family.type === 'histogram') checkHistogram(family);
}

/** Families in their order. Throws at the first line that does not belong where it stands. */
export function parsePage(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families: Family[] = [];
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, word, of = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    const current = families.at(-1);
    if (word === 'HELP') {
      if (families.some((family) => family.name === of)) throw new Error(`the family ${of} twice`);
      families.push({ name: of, type: '', help: rest, series: [] });
    } else if (word === 'TYPE') {
      if (current?.name !== of || current.type !== '' || !(rest in suffixes))
        throw new Error(`a TYPE out of place: ${line}`);
      current.type = rest;
    } else {
      const series = seriesOf(line);
      const own = current && (suffixes[current.type] ?? []).some((suffix) => series.name === current.name + suffix);
      if (!own) throw new Error(`a series out of place: ${line}`);
      current.series.push(series);
    }
  }
  for (const family of families) check(family);
  return families;
}

/** The value of one series, or undefined where there is none. Labels that are not named may be anything. */
export function valueOn(
  families: readonly Family[],
  series: string,
  labels: Record<string, string> = {},
): number | undefined {
  return families
    .flatMap((family) => family.series)
    .find((one) => one.name === series && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
    ?.value;
}

/** Names, types, help and label names, without values and label values: what stays the same on every machine. */
export function shapeOf(families: readonly Family[]): string {
  return families
    .map(({ name: family, type, help, series }) => {
      const shapes = series.map((one) => `${one.name}{${Object.keys(one.labels).join()}}`);
      return [`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`, ...new Set(shapes)].join('\n');
    })
    .join('\n');
}
