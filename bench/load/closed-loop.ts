import { performance } from 'node:perf_hooks';
import { quantile } from '../measure/statistics.ts';
import { openWire, type Wire } from './wire.ts';

export interface Burst {
  port: number;
  connections: number;
  ms: number;
}

export interface Measured {
  /** Jobs, requests or whatever a step says it has done. */
  done: number;
  perSecond: number;
  seconds: number;
  /** Of single requests, in milliseconds, by their name. */
  latency: Record<string, Latency>;
  /** CPU time of this process, to see that it is not the limit: 1 is a whole core. */
  generatorCores: number;
}

export interface Latency {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** Times one request under a name. */
export type Timed = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** One connection's next step; says how much it has done. */
export type Step = (wire: Wire, timed: Timed) => Promise<number>;

const rounded = (ms: number) => Math.round(ms * 1000) / 1000;

function summary(values: readonly number[]): Latency {
  const at = (q: number) => rounded(quantile(values, q));
  return { count: values.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/**
 * Every connection asks again as soon as it was answered, until the time is up; then the requests that are under way are
 * waited for. Any error ends the burst: a figure of a server that refuses is none.
 */
export async function closedLoop(burst: Burst, stepOf: (index: number) => Step): Promise<Measured> {
  const wires = await Promise.all(Array.from({ length: burst.connections }, () => openWire(burst.port)));
  const latencies = new Map<string, number[]>();
  const timed: Timed = async (name, work) => {
    const startMs = performance.now();
    const value = await work();
    const list = latencies.get(name) ?? [];
    latencies.set(name, list);
    list.push(performance.now() - startMs);
    return value;
  };
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + burst.ms;
  try {
    const counts = await Promise.all(
      wires.map(async (wire, index) => {
        const step = stepOf(index);
        let done = 0;
        while (performance.now() < endMs) done += await step(wire, timed);
        return done;
      }),
    );
    const seconds = (performance.now() - startMs) / 1000;
    const used = process.cpuUsage(cpu);
    const done = counts.reduce((sum, count) => sum + count, 0);
    const latency = Object.fromEntries([...latencies].map(([name, values]) => [name, summary(values)]));
    const generatorCores = rounded((used.user + used.system) / 1e6 / seconds);
    return { done, perSecond: Math.round(done / seconds), seconds, latency, generatorCores };
  } finally {
    for (const wire of wires) wire.close();
  }
}
