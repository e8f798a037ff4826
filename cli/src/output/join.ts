/** The one line that joins another machine. The fingerprint makes the first contact safe without any file. */
export function joinLine(url: string, token: { token: string; ca_fingerprint: string | null }): string {
  const ca =
    token.ca_fingerprint === null || url.startsWith('http:') ? '' : ` --ca-fingerprint ${token.ca_fingerprint}`;
  return `bin/agent --register --master ${url} --token ${token.token}${ca}`;
}
