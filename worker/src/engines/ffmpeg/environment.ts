/** Where systems keep programs. One that lies elsewhere is named by its absolute path; see `hardware/program.ts`. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * All that ffmpeg sees of its surroundings, in proofs, probes and jobs alike: keys of the agent stay with the agent,
 * FFREPORT stays off, no presets of somebody's home change a result, and messages are English.
 */
export function cleanEnvironment(home: string, extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: SYSTEM_PATH, HOME: home, LANG: 'C', ...extra };
}
