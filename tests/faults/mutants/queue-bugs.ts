import { type Bug, edit, overArrays, overSqlite } from './bug.ts';

const scheduling = (name: string) => `master/src/scheduling/${name}.ts`;
const dispatch = (name: string) => `master/src/dispatch/${name}.ts`;
const jobs = (name: string) => `master/src/jobs/${name}.ts`;
const TURN = 'I11, I12: each claim takes the tasks whose turn it is';

/** Who is next, and where there is room. */
export const queueBugs: readonly Bug[] = [
  {
    name: 'a node is given more than it has free',
    edits: [edit(dispatch('take'), 'free = minus(free, wanted);', 'void minus;')],
    look: overSqlite(),
    says: 'I10|I11',
    everyChange: true,
  },
  {
    name: 'what a node runs already is not counted',
    edits: [edit(dispatch('capacity'), 'n < count;', 'n < 0 * count;')],
    look: overSqlite(),
    says: 'I10|I11',
  },
  {
    name: 'the memory a task needs is not looked at',
    edits: [edit(scheduling('fits'), 'wanted.ramMb <= free.ramMb &&', '')],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'the newest of a lane is served first',
    edits: [
      edit(
        jobs('store'),
        ".orderBy('ord')\n    .limit(p<number>('limit'));\n  return",
        ".orderBy('ord', 'desc')\n    .limit(p<number>('limit'));\n  return",
      ),
    ],
    look: overSqlite(),
    says: TURN,
    everyChange: true,
  },
  {
    name: 'a paused queue is served',
    edits: [edit(dispatch('gate'), 'if (paused || (maxRunning', 'if (paused === null || (maxRunning')],
    look: overSqlite(),
    says: TURN,
    everyChange: true,
  },
  {
    name: 'a capped queue runs one more',
    edits: [
      edit(dispatch('gate'), 'Number(kept.has(lane.key)) < maxRunning', 'Number(kept.has(lane.key)) <= maxRunning'),
    ],
    look: overSqlite(),
    says: TURN,
  },
  {
    name: 'what a claim takes itself does not count under the cap',
    edits: [
      edit(
        dispatch('gate'),
        'took: ({ tenantId, class: { queue } }) => add(keyOf(tenantId, queue), 1),',
        'took: () => undefined,',
      ),
    ],
    look: overSqlite(),
    says: TURN,
  },
  {
    name: 'batch overtakes live',
    edits: [edit(scheduling('rank'), "queue === 'batch' ? lastLive + 0.5 : 0", "queue === 'batch' ? lastLive - 9 : 0")],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'ties go to the younger lane',
    edits: [edit(scheduling('choose'), 'lane.headOrd < first.headOrd', 'lane.headOrd > first.headOrd')],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'weights of tenants are ignored',
    edits: [edit(scheduling('fairness'), 'start + cost / weight', 'start + cost / Math.max(1, 0 * weight)')],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'a tenant’s turn is forgotten with its claim',
    edits: [edit(jobs('lane-draft'), 'clocks.merge();', '')],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'a lane whose head went away keeps its age',
    edits: [edit(jobs('lanes'), 'if (ord === lane.headOrd) lane.exact = false;', '')],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'backfill forgets what runs beside a kept place',
    edits: [edit(scheduling('reserve'), 'minus(minus(total, need), beside)', 'minus(total, need)')],
    look: overArrays(),
    says: TURN,
  },
  {
    name: 'a moved task is counted in both places',
    edits: [edit(jobs('update'), 'parts.lanes.apply(laneChange(task, -1));', '')],
    look: overSqlite(),
    says: 'I16',
  },
  {
    name: 'a draining node takes work',
    edits: [
      edit(
        dispatch('claim'),
        'if (request.slots === 0 || node.row.draining === 1) return [];',
        'if (request.slots === 0) return [];',
      ),
    ],
    look: overSqlite(),
    says: 'I11',
  },
];
