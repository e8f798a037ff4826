import { seeded } from '../random.ts';
import { type FakeAgentSettings, startFakeAgent } from './fake-agent.ts';

/** A fake agent in a process of its own, to be stopped and to have its own clock. Its journal is its standard output. */
const { seed, ...settings } = JSON.parse(process.env.FAKE_AGENT ?? '{}') as FakeAgentSettings & { seed: number };
const agent = startFakeAgent({
  ...settings,
  random: seeded(seed),
  journal: { push: (entry) => Number(process.stdout.write(`${JSON.stringify(entry)}\n`)) },
});
process.once('SIGTERM', () => void agent.drain());
