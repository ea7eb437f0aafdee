import { sipOptions } from '../../../src/signalling/options.ts';
import { createPeerBook, type Peer, type PeerBook } from '../../../src/signalling/peers.ts';

/** Peers `a`, `b`, ... on a UDP listener of 192.0.2.1, each with these keys. */
export function bookOf(...rows: readonly Readonly<Record<string, unknown>>[]): PeerBook {
  const ids = rows.map((_row, i) => String.fromCharCode(0x61 + i));
  const made = createPeerBook(
    sipOptions.parse({
      listeners: [{ id: 'lan', transport: 'udp', address: '192.0.2.1', port: 5060 }],
      peers: rows.map((row, i) => ({
        ...{ id: ids[i], side: 'trunk', listener: 'lan', match: [`198.51.100.${i + 1}`] },
        ...{ targets: [`sip:198.51.100.${i + 1}`], ...row },
      })),
      routes: [{ from: 'a', to: ids }],
    }),
  );
  if (!made.ok) throw new Error(made.error.join('\n'));
  return made.value;
}

export function peerOf(row: Readonly<Record<string, unknown>>): Peer {
  return bookOf(row).all[0]!;
}
