import type { Evidence } from './evidence.ts';
import { BELOW_QUALITY } from './jobs.ts';
import { entriesOf, outputDigest } from './journal.ts';

/** Checkpoints keep the log near 35 MB; above this they have stopped working. */
const MAX_WAL_BYTES = 96 << 20;

/** I3: an acknowledged completion stands, with the digests it was acknowledged with. */
export function acknowledgedCompletionStands({ attempts, artifacts, tasks, journal }: Evidence): string[] {
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const taskOf = new Map(tasks.map((task) => [task.id, task]));
  const files = Map.groupBy(artifacts, (artifact) => artifact.attempt_id);
  return entriesOf(journal, 'completed').flatMap(({ attemptId, digest }) => {
    const attempt = byId.get(attemptId);
    if (attempt?.state !== 'succeeded')
      return [`the completion of attempt ${attemptId} was acknowledged and it is ${attempt?.state ?? 'gone'}`];
    const task = taskOf.get(attempt.task_id);
    // A comparison that was made and found the result too poor: the attempt stands, its task has failed the job's wish.
    const below = task?.kind === 'quality' && task.state === 'failed' && attempt.cause === BELOW_QUALITY;
    if (task?.state !== 'succeeded' && !below)
      return [`the completion of task ${attempt.task_id} was acknowledged and it is ${task?.state}`];
    const own = files.get(attemptId) ?? [];
    const found = outputDigest(own.map(({ role, idx, sha256 }) => ({ role, index: idx, sha256 })));
    return found === digest ? [] : [`attempt ${attemptId} was accepted with "${digest}" and holds "${found}"`];
  });
}

/** I21: one published set for a task, of its successful attempt alone, its bytes there; no temporary files after a sweep. */
export function onePublishedSet({ attempts, artifacts, disk, options }: Evidence): string[] {
  const succeeded = new Set(attempts.filter((one) => one.state === 'succeeded').map((one) => one.id));
  const unearned = artifacts.filter((artifact) => !succeeded.has(artifact.attempt_id));
  const sets = Map.groupBy(artifacts, (artifact) => artifact.task_id);
  const many = [...sets].filter(([, own]) => new Set(own.map((artifact) => artifact.attempt_id)).size > 1);
  const faults = [
    ...unearned.map((one) => `${one.role} of attempt ${one.attempt_id} is published, which did not succeed`),
    ...many.map(([task]) => `task ${task} has published more than one set`),
  ];
  if (!disk) return faults;
  const absent = artifacts.filter((artifact) => disk.files.get(artifact.sha256) !== artifact.bytes);
  return [
    ...faults,
    ...absent.map((one) => `the bytes of ${one.role} of attempt ${one.attempt_id} are not in the library`),
    ...(options.swept ? disk.left.map((name) => `${name} was left behind`) : []),
  ];
}

/** I16: what the master counts in memory is what the rows say. */
export function lanesAgreeWithRows({ tasks, options }: Evidence): string[] {
  if (!options.lanes) return [];
  const laneOf = (classId: number, tenantId: string) => `${classId}/${tenantId}`;
  const counted = new Map<string, number>();
  for (const task of tasks.filter((one) => one.claimable === 1)) {
    const lane = laneOf(task.class_id, task.tenant_id);
    counted.set(lane, (counted.get(lane) ?? 0) + 1);
  }
  const told = new Map(options.lanes.map((lane) => [laneOf(lane.classId, lane.tenantId), lane.ready]));
  return [...new Set([...counted.keys(), ...told.keys()])].flatMap((lane) => {
    const [memory, rows] = [told.get(lane) ?? 0, counted.get(lane) ?? 0];
    return memory === rows ? [] : [`lane ${lane} counts ${memory} ready tasks in memory and ${rows} in its rows`];
  });
}

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** I17: every acknowledged chunk lies at its offset, and no log speaks of another attempt. */
export function logsAreWhole({ attempts, journal, disk }: Evidence): string[] {
  if (!disk) return [];
  const ids = new Set(attempts.map((attempt) => attempt.id));
  const broken = entriesOf(journal, 'logged').filter(({ attemptId, offset, text }) => {
    const bytes = Buffer.from(disk.logs.get(attemptId) ?? '', 'utf8');
    const expected = Buffer.from(text, 'utf8');
    return !bytes.subarray(offset, offset + expected.length).equals(expected);
  });
  const mixed = [...disk.logs].flatMap(([attemptId, text]) => {
    const others = [...text.matchAll(uuid)].map(([id]) => id).filter((id) => id !== attemptId && ids.has(id));
    return others.length > 0 ? [`the log of attempt ${attemptId} speaks of ${others[0]}`] : [];
  });
  return [
    ...broken.map(
      ({ attemptId, offset }) => `the log of attempt ${attemptId} lacks what was acknowledged at ${offset}`,
    ),
    ...mixed,
  ];
}

/** I19: SQLite finds nothing wrong with its file, and its log stays bounded. */
export function storeIsSound({ integrity, disk, options }: Evidence): string[] {
  const limit = options.maxWalBytes ?? MAX_WAL_BYTES;
  const large = disk !== null && disk.walBytes > limit;
  return [
    ...integrity.map((line) => `SQLite says: ${line}`),
    ...(large ? [`the write-ahead log has ${disk.walBytes} bytes, more than ${limit}`] : []),
  ];
}
