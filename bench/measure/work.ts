/** The job that every gate submits: a name, a scenario, an uploaded-film-like set of wishes, a label. */
export const jobRequest = {
  name: 'bench film',
  scenario: '1080p30-h264-veryfast',
  parameters: { duration: 10, crf: 23, audio_bitrate: '128k' },
  queue: 'default',
  priority: 'medium',
};
export const jobText = JSON.stringify(jobRequest);

const queues = ['live', 'default', 'batch'] as const;
const priorities = ['high', 'medium', 'low'] as const;

/** One job of each queue and priority: nine classes. */
export const jobOfEachClass = queues.flatMap((queue) =>
  priorities.map((priority) => ({ ...jobRequest, queue, priority })),
);

/** What an agent reports of an encode that went well, in the size and shape of a real one. */
export const goodResult = {
  status: 'completed',
  metrics: { cpu_usage: 190, memory_usage: 210, duration: 12.5, cpu_s: 23.1, frames: 300, fps: 24, speed: 0.8 },
  figures: [
    {
      ...{ name: 'energy_active', value: 512.5, unit: 'J', scope: ['cpu'], method: 'rapl', quality: 'measured' },
      ...{ coverage: 1, low: 500, high: 525, source: 'intel-rapl:0' },
    },
  ],
  environment: {
    ...{ ffmpeg: '5.1.9', encoder: 'libx264 164', cpu_model: 'a CPU', cpu_threads: 8, governor: null },
    ...{ power_source: 'rapl', dropped_streams: [] },
    argv: [
      '-hide_banner',
      '-nostdin',
      '-y',
      '-i',
      'file:/tmp/input',
      '-c:v',
      'libx264',
      '-crf',
      '23',
      'file:/tmp/output',
    ],
  },
};
