import { type Config, durationOption, type Options } from '@ffrtmp/shared/config';
import { MAX_HELD } from '@ffrtmp/shared/contract/dispatch';
import { DEFAULT_POOL, poolSchema } from '@ffrtmp/shared/job/resources';
import { z } from 'zod';
import { detectedLabels } from './hardware/labels.ts';
import { chipRulesOption } from './power/collectors/hwmon-option.ts';
import { meterUnits } from './power/collectors/meter-units.ts';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

const labelName = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
const MAX_LABEL_LETTERS = 255;

/** Why a text is no `name=value`, or null when it is one. */
function labelFault(pair: string): string | null {
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  if (at < 1) return `${pair}: write name=value`;
  if (!labelName.test(name)) return `${name}: must be lower-case letters, digits, ".", "-" and "_", at most 63`;
  if (pair.length - at - 1 > MAX_LABEL_LETTERS) return `${name}: its value has more than ${MAX_LABEL_LETTERS} letters`;
  // Nobody who selects by os or arch means anything but what the machine is.
  return name in detectedLabels() ? `${name}: is found out by the agent itself` : null;
}

/** `rack=a1,site=berlin`, or a list of pairs. */
const labelsOption = z
  .union([z.string(), z.array(z.string())])
  .default('')
  .transform((given, context) => {
    const pairs = (typeof given === 'string' ? given.split(',') : given).map((pair) => pair.trim()).filter(Boolean);
    for (const pair of pairs) {
      const fault = labelFault(pair);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    }
    return Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  });

/** Every option of the agent. Flags are the keys in kebab-case, YAML keys the keys in snake_case below `worker:`. */
export const agentOptions = {
  master: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    file: 'master_url',
    help: 'address of the master; default http://localhost:8080, or where this agent joined',
  },
  register: { schema: z.boolean().default(false), help: 'join the master when this agent holds no credential yet' },
  token: { schema: z.string().optional(), help: 'join token, from the master’s join line' },
  caFingerprint: {
    schema: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/i, { error: 'is not sha256: and 64 hexadecimal digits' })
      .optional(),
    help: 'digest of the master’s CA, from the join line: the first contact trusts nothing else',
  },
  apiKey: {
    schema: z.string().optional(),
    env: ['FFMPEG_RTMP_API_KEY', 'MASTER_API_KEY'],
    help: 'admin key, in place of a join token',
  },
  ca: { schema: z.string().optional(), file: 'tls.ca', help: 'CA certificate (PEM) that signed the master’s' },
  cert: {
    schema: z.string().optional(),
    file: 'tls.cert',
    help: 'client certificate (PEM), for a proxy that asks for one',
  },
  key: { schema: z.string().optional(), file: 'tls.key', help: 'its private key (PEM)' },
  address: {
    schema: z.string().min(1).max(253).optional(),
    help: 'this node’s key in the fleet; default the host name',
  },
  dataDir: { schema: z.string().optional(), help: 'where the credential and running jobs are kept' },
  config: { schema: z.string().optional(), help: 'YAML file; default ./ffrtmp.yaml, the user’s, the system’s' },
  maxConcurrentJobs: {
    schema: z.coerce.number().int().min(1).max(MAX_HELD).default(1),
    help: 'slots; each job gets an equal share of the threads',
  },
  pool: {
    schema: poolSchema.default(DEFAULT_POOL),
    help: 'runs jobs of this pool alone (ffrtmp jobs submit --pool)',
  },
  labels: {
    schema: labelsOption,
    placeholder: 'name=value,...',
    help: 'for jobs that select their nodes (--node-selector); os and arch are found out',
  },
  gpuSessions: {
    schema: z.coerce.number().int().min(0).max(256).optional(),
    help: 'encodes the GPUs may run at once; default 2 a GPU with a proven encoder. Drivers of consumer NVIDIA cards limit the sessions of the whole machine: say how many',
  },
  pollInterval: {
    schema: durationOption('10s').refine((ms) => ms >= 100, { error: 'is shorter than 100 ms' }),
    help: 'longest pause after a failed claim',
  },
  heartbeatInterval: {
    schema: durationOption('10s').refine((ms) => ms >= 100, { error: 'is shorter than 100 ms' }),
    help: 'at most lease/4.5 of the master',
  },
  orphanGrace: { schema: durationOption('1h'), help: 'file encodes run on for this long without their master' },
  allowMasterAsWorker: {
    schema: z.boolean().default(false),
    help: 'work on the master’s own machine; asks on a terminal',
  },
  yes: { schema: z.boolean().default(false), help: 'answer yes to that question' },
  ffmpeg: { schema: z.string().default('ffmpeg'), help: 'the ffmpeg to run' },
  ffprobe: { schema: z.string().default('ffprobe'), help: 'the ffprobe to run' },
  vmaf: {
    schema: z.string().default('vmaf'),
    help: 'the program that measures VMAF where ffmpeg has no libvmaf',
  },
  powercapRoot: {
    schema: z.string().default('/sys/class/powercap'),
    help: 'RAPL tree; containers mask the usual place',
  },
  procRoot: { schema: z.string().default('/proc'), help: 'where the kernel shows processes and CPU time' },
  sysRoot: {
    schema: z.string().default('/sys'),
    help: 'where the kernel shows devices; a container may mount the host’s',
  },
  cgroupRoot: { schema: z.string().default('/sys/fs/cgroup'), help: 'where cgroups are mounted' },
  powerInterval: {
    schema: durationOption('1s').refine((ms) => ms >= 100 && ms <= 10_000, { error: 'must be 100ms to 10s' }),
    help: 'between two looks at the power sensors; 100ms follows bursts at ten times the cost',
  },
  powerProfile: {
    schema: z.string().optional(),
    help: 'what ffrtmp calibrate wrote, here or on the same kind of machine; default power-profile.json in the data directory',
  },
  calibrateStep: {
    schema: durationOption('30s').refine((ms) => ms >= 1000, { error: 'is shorter than 1 s' }),
    help: 'length of each of the five steps of calibrate',
  },
  idleMaxAge: { schema: durationOption('24h'), help: 'a measured idle draw older than this is stale' },
  cpuTdp: {
    schema: z.coerce.number().min(1).max(2000).optional(),
    help: 'TDP of one CPU socket in W, for estimates where RAPL does not name it',
  },
  hwmon: {
    schema: chipRulesOption,
    placeholder: 'chip=scope,...',
    help: 'board sensors that cover the cpu, the platform or the wall, beside those known',
  },
  nvml: {
    schema: z.string().default('libnvidia-ml.so.1'),
    help: 'NVIDIA’s library, by name or path; looked for when there is such a card',
  },
  nvidiaSmi: { schema: z.string().default('nvidia-smi'), help: 'asked for the power where that library does not work' },
  meterUrl: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    help: 'a plug, PDU or Redfish bridge that measures this machine and answers in JSON; may hold user:password@',
  },
  meterPath: { schema: z.string().min(1).max(200).default('power'), help: 'where its number stands: emeters.0.power' },
  meterUnit: {
    schema: z.enum(Object.keys(meterUnits) as [keyof typeof meterUnits]).default('W'),
    help: 'what it counts: W, mW, kW (power) or J, Wh, kWh (energy)',
  },
  metrics: { schema: z.boolean().default(true), help: 'serve /metrics on a port of its own' },
  metricsHost: { schema: z.string().default('127.0.0.1'), help: 'address of /metrics' },
  metricsPort: { schema: port(9091), help: 'port of /metrics; 0 picks a free one' },
  logLevel: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    help: 'least severe entry that is logged',
  },
} as const satisfies Options;

export type AgentConfig = Config<typeof agentOptions>;
