/** Does this host name or address mean this machine alone? IPv6 with or without its brackets. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');
}
