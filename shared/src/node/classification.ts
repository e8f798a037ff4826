export type NodeType = 'laptop' | 'server' | 'desktop';

const SERVER_MORE_THAN_THREADS = 16;
const SERVER_MORE_THAN_BYTES = 32e9;

/** The seeds' table: a battery makes a laptop; more than 16 threads and more than 32 GB a server; all else is a desktop. */
export function classify(facts: { cpu_threads: number; ram_bytes: number; battery: boolean }): NodeType {
  if (facts.battery) return 'laptop';
  const large = facts.cpu_threads > SERVER_MORE_THAN_THREADS && facts.ram_bytes > SERVER_MORE_THAN_BYTES;
  return large ? 'server' : 'desktop';
}
