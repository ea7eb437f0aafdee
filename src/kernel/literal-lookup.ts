type Resolved = (error: Error | null, address: string, family: number) => void;

/**
 * The `lookup` of a `node:dgram` socket whose targets are addresses, never names. The default would put each
 * send through `dns.lookup` and a tick of its own, even for an address. Node calls it with or without options
 * in the middle, by socket type and version.
 */
export function literalLookup(address: string, optionsOrDone: unknown, done?: Resolved): void {
  const resolved = done ?? (optionsOrDone as Resolved);
  resolved(null, address, address.includes(':') ? 6 : 4);
}
