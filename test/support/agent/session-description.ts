import type { Law } from './g711.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const payloadTypes: Readonly<Record<Law, number>> = { pcmu: 0, pcma: 8 };
const telephoneEvent = 101;
const suite = 'AES_CM_128_HMAC_SHA1_80';

export interface Description {
  readonly address: string;
  readonly port: number;
  readonly laws: readonly Law[];
  readonly direction: Direction;
  readonly version: number;
  /** Master key and salt in base64: SRTP, of AES_CM_128_HMAC_SHA1_80 alone. Null: in clear. */
  readonly key: string | null;
  /** Tag of the line of `a=crypto`. */
  readonly keyTag: number;
}

/** One G.711 stream with telephone events (RFC 4566, RFC 4733), and its key (RFC 4568). */
export function writeDescription(description: Description): string {
  const { address, port, laws, direction, version, key, keyTag } = description;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  return [
    'v=0',
    `o=- 7001 ${version} IN ${family} ${address}`,
    's=-',
    `c=IN ${family} ${address}`,
    't=0 0',
    `m=audio ${port} ${key === null ? 'RTP/AVP' : 'RTP/SAVP'} ${laws.map((law) => payloadTypes[law]).join(' ')} ${telephoneEvent}`,
    ...laws.map((law) => `a=rtpmap:${payloadTypes[law]} ${law.toUpperCase()}/8000`),
    `a=rtpmap:${telephoneEvent} telephone-event/8000`,
    `a=fmtp:${telephoneEvent} 0-15`,
    'a=ptime:20',
    ...(key === null ? [] : [`a=crypto:${keyTag} ${suite} inline:${key}`]),
    `a=${direction}`,
    '',
  ].join('\r\n');
}

export interface RemoteDescription {
  readonly address: string;
  readonly port: number;
  /** G.711 variants in the other side's order of preference. */
  readonly laws: readonly Law[];
  readonly direction: Direction;
  /** RTP/SAVP, and the key of its line of our suite. */
  readonly isSecure: boolean;
  readonly key: string | null;
  readonly keyTag: number;
}

/** Reads the first audio line; throws where there is none, which fails the test that met it. */
export function readDescription(text: string): RemoteDescription {
  const sections = text.split(/^(?=m=)/m);
  const session = sections[0] ?? '';
  const audio = sections.find((section) => section.startsWith('m=audio'));
  const line = /^m=audio (\d+) (\S+) (.+?)\s*$/m.exec(audio ?? '');
  if (audio === undefined || line === null) throw new Error(`no audio in this description:\n${text}`);
  const connection = /^c=IN IP[46] (\S+)/m;
  const address = (connection.exec(audio) ?? connection.exec(session))?.[1];
  if (address === undefined) throw new Error(`no address in this description:\n${text}`);
  const formats = (line[3] ?? '').split(/\s+/).map(Number);
  const crypto = new RegExp(`^a=crypto:(\\d+) ${suite} inline:([^\\s|]+)`, 'm').exec(audio);
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m;
  return {
    address,
    port: Number(line[1]),
    laws: formats.flatMap((format) =>
      format === 0 ? ['pcmu' as const] : format === 8 ? ['pcma' as const] : [],
    ),
    direction: ((direction.exec(audio) ?? direction.exec(session))?.[1] ?? 'sendrecv') as Direction,
    isSecure: line[2] === 'RTP/SAVP',
    key: crypto?.[2] ?? null,
    keyTag: Number(crypto?.[1] ?? 1),
  };
}

export function payloadTypeOf(law: Law): number {
  return payloadTypes[law];
}
