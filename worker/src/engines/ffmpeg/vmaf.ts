/** What measures VMAF on this machine: ffmpeg's own filter, the program `vmaf`, or nothing, with the reason. */
export type Vmaf = { by: 'libvmaf' } | { by: 'vmaf'; program: string } | { by: null; reason: string };
