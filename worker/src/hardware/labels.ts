/** What every agent says of its machine by itself. */
export const detectedLabels = (): Record<string, string> => ({
  os: process.platform,
  arch: process.arch === 'x64' ? 'amd64' : process.arch,
});
