/**
 * The statements of a claim, without HTTP and without the commit's sync: how much slower is the slowest hundredth with a
 * million jobs pending than with a thousand? Two stores stand side by side in one process; blocks of claims are taken
 * from them in turn, ABBA, and each block's p99 gives one ratio. Every claimed task is completed and replaced outside
 * the timed part, so that the small store stays at a thousand.
 */
import { openCore, type TimedCore } from './measure/core.ts';
import { quick, runGate, say } from './measure/gate.ts';
import { abba, ratioText } from './measure/pairs.ts';
import { median, quantile } from './measure/statistics.ts';

const RATIO_LIMIT = 1.5;
const FEW = 1000;
const MANY = quick ? 50_000 : 1_000_000;
const PAIRS = quick ? 2 : 10;
const CLAIMS_A_BLOCK = quick ? 300 : 2000;

interface Block {
  p50: number;
  p99: number;
}

async function block(core: TimedCore): Promise<Block> {
  const times: number[] = [];
  for (let claim = 0; claim < CLAIMS_A_BLOCK; claim += 1) times.push(await core.claimOne());
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

await runGate('claim-statements', async (scope) => {
  const many = await openCore(scope, { jobs: MANY, tenants: 20 });
  const few = await openCore(scope, { jobs: FEW, tenants: 20 });
  await block(many);
  await block(few);
  say('both are warm');
  const { a, b, ratios } = await abba(
    PAIRS,
    () => block(many),
    () => block(few),
    (one, other) => one.p99 / other.p99,
  );
  const us = (list: readonly Block[], of: (one: Block) => number) => Math.round(median(list.map(of)) * 1000);
  const at = { many: us(a, (one) => one.p99), few: us(b, (one) => one.p99) };
  const p50 = { many: us(a, (one) => one.p50), few: us(b, (one) => one.p50) };
  return {
    passed: !quick && ratios.high <= RATIO_LIMIT,
    figures: { pending: { many: MANY, few: FEW }, p99_us: at, p50_us: p50, ratios },
    row: {
      what: `statements of a claim, p99 at ${MANY} over p99 at ${FEW} pending`,
      value: `${at.many} us (p50 ${p50.many} us)`,
      reference: `at ${FEW}: ${at.few} us (p50 ${p50.few} us)`,
      ratio: ratioText(ratios),
      limit: `${RATIO_LIMIT}`,
    },
  };
});
