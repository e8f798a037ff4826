/** What `-benchmark` prints at the end of a run. Zero where the lines are missing: the run was killed. */
export interface Bench {
  /** User and system time of the transcode loop; start and linking (about 0.09 s on Debian) are not in it. */
  cpuSeconds: number;
  /** Wall time of the transcode loop. */
  realSeconds: number;
  maxRssMb: number;
}

/** Pure. */
export function benchOf(stderr: string): Bench {
  const times = /^bench: utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s/m.exec(stderr);
  const memory = /^bench: maxrss=(\d+)(?:kB|KiB)/m.exec(stderr);
  return {
    cpuSeconds: Number(times?.[1] ?? 0) + Number(times?.[2] ?? 0),
    realSeconds: Number(times?.[3] ?? 0),
    maxRssMb: (Number(memory?.[1] ?? 0) * 1024) / 1e6,
  };
}
