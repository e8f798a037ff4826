import type { CrashPoint } from './master-host.ts';
import { fairWeather } from './network.ts';
import type { Stage } from './simulate.ts';
import { storePoints } from './store.ts';

const deaths: readonly CrashPoint[] = [...storePoints, 'before the reply', 'after the reply', 'idle'];
const HOUR_MS = 3_600_000;

/** Lets the faults of a plan happen until it is told to cease. */
export function startFaults(stage: Stage): { cease: () => void } {
  const { world, plan, master, fates, network, agents, observed } = stage;
  const { count } = observed;
  const chance = world.chance.fork('faults');
  const fate = world.life('fate');

  function each(meanMs: number, happen: () => void): void {
    if (meanMs === Number.POSITIVE_INFINITY) return;
    world.schedule(chance.between(0.2, 1.8) * meanMs, fate, () => {
      happen();
      each(meanMs, happen);
    });
  }

  function killMaster(): void {
    const point = chance.pick(deaths);
    if (point === 'idle') master.kill('idle');
    else fates.death = { point, passings: 1 + chance.below(point === 'in a transaction' ? 40 : 6) };
  }

  function endAgent(): void {
    const agent = chance.pick(agents);
    if (!agent.up()) return;
    if (chance.is(0.3)) {
      count('agent stops');
      return void agent.stop().then(() => world.schedule(chance.between(100, 5000), fate, agent.start));
    }
    count('agent dies');
    agent.kill();
    world.schedule(chance.between(100, 2 * plan.leaseMs), fate, agent.start);
  }

  function standStill(): void {
    const forMs = chance.between(0.3, 2.5) * plan.leaseMs;
    const life = master.life();
    if (chance.is(0.3) && life) {
      count('master stands still');
      life.frozenUntilMs = Math.max(life.frozenUntilMs, world.nowMs() + forMs);
      observed.stoodStill(forMs);
    } else {
      count('agent stands still');
      chance.pick(agents).freeze(world.nowMs() + forMs);
    }
  }

  function fillDisk(): void {
    count('disk full');
    fates.full = chance.pick(['commit refused', 'statement refused', 'transaction gone'] as const);
    const forMs = chance.between(5, 3000);
    // A master that can write nothing can take nothing back: for leases it stands still.
    observed.stoodStill(forMs);
    world.schedule(forMs, fate, () => {
      fates.full = 'no';
    });
  }

  each(plan.everyMs.masterDeath, killMaster);
  each(plan.everyMs.agentDeath, endAgent);
  each(plan.everyMs.standstill, standStill);
  each(plan.everyMs.diskFull, fillDisk);
  each(plan.everyMs.cut, () => {
    count('network cut');
    network.cut(chance.pick(agents).name, world.nowMs() + chance.between(0.2, 2.5) * plan.leaseMs);
  });
  each(plan.everyMs.clockJump, () => {
    count('clock jump');
    fates.offsetMs = chance.pick([-HOUR_MS, 0, HOUR_MS]);
  });
  return {
    cease() {
      fate.alive = false;
      // What a clock an hour ahead put off has to come due, so the last jump is forward.
      const offsetMs = stage.points['clock jump'] === undefined ? 0 : HOUR_MS;
      Object.assign(fates, { full: 'no', offsetMs, death: undefined });
      stage.sky.weather = fairWeather;
    },
  };
}
