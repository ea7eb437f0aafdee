import { addressBytes } from '../address-prefix.ts';

/** One captured SIP message, as HEP version 3 describes it ("The Homer Encapsulation Protocol", HEP3 rev12). */
export interface HepCapture {
  readonly source: HepPlace;
  readonly destination: HepPlace;
  /** Of the transport layer: IANA's protocol number. */
  readonly protocol: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly captureId: number;
  readonly password: string | null;
  /** What the legs of a call have in common; latin1. */
  readonly correlation: string;
  readonly payload: Buffer;
}

export interface HepPlace {
  readonly address: string;
  readonly port: number;
}

/** Chunk types of the generic vendor, 0x0000. */
const chunk = {
  ipFamily: 0x01,
  ipProtocol: 0x02,
  sourceV4: 0x03,
  destinationV4: 0x04,
  sourceV6: 0x05,
  destinationV6: 0x06,
  sourcePort: 0x07,
  destinationPort: 0x08,
  seconds: 0x09,
  microseconds: 0x0a,
  payloadType: 0x0b,
  captureId: 0x0c,
  password: 0x0e,
  payload: 0x0f,
  correlation: 0x11,
} as const;

/** AF_INET and AF_INET6 of Linux, which the protocol took over. */
const families = { v4: 2, v6: 10 } as const;
const payloadIsSip = 1;
/** Vendor, type, length: two bytes each; the length counts them. */
const chunkHead = 6;
/** `HEP3` and the length of the whole. */
const packetHead = 6;

/** Null: it does not fit, since lengths have 16 bits. */
export function encodeHep(capture: HepCapture): Buffer | null {
  const { source, destination, at, password, correlation, payload } = capture;
  const from = addressOf(source);
  const to = addressOf(destination);
  const v6 = from.length === 16 || to.length === 16;
  const chunks = [
    number(chunk.ipFamily, 1, v6 ? families.v6 : families.v4),
    number(chunk.ipProtocol, 1, capture.protocol),
    bytes(v6 ? chunk.sourceV6 : chunk.sourceV4, v6 ? widened(from) : from),
    bytes(v6 ? chunk.destinationV6 : chunk.destinationV4, v6 ? widened(to) : to),
    number(chunk.sourcePort, 2, source.port),
    number(chunk.destinationPort, 2, destination.port),
    number(chunk.seconds, 4, Math.floor(at / 1000)),
    number(chunk.microseconds, 4, Math.round((at % 1000) * 1000)),
    number(chunk.payloadType, 1, payloadIsSip),
    number(chunk.captureId, 4, capture.captureId),
    ...(password === null ? [] : [bytes(chunk.password, Buffer.from(password, 'utf8'))]),
    bytes(chunk.correlation, Buffer.from(correlation, 'latin1')),
    bytes(chunk.payload, payload),
  ];
  const length = chunks.reduce((sum, one) => sum + one.length, packetHead);
  if (length > 0xffff) return null;
  const head = Buffer.alloc(packetHead);
  head.write('HEP3', 'latin1');
  head.writeUInt16BE(length, 4);
  return Buffer.concat([head, ...chunks], length);
}

function number(type: number, size: 1 | 2 | 4, value: number): Buffer {
  const made = header(type, size);
  made.writeUIntBE(value, chunkHead, size);
  return made;
}

function bytes(type: number, value: Uint8Array): Buffer {
  const made = header(type, value.length);
  made.set(value, chunkHead);
  return made;
}

/** Room for a chunk of this size, its head filled in. One too long makes the packet too long. */
function header(type: number, size: number): Buffer {
  const made = Buffer.alloc(chunkHead + size);
  made.writeUInt16BE(type, 2);
  made.writeUInt16BE(Math.min(chunkHead + size, 0xffff), 4);
  return made;
}

/** What is no address, such as a name that we are advertised by, is the unspecified one. */
function addressOf({ address }: HepPlace): Uint8Array {
  return addressBytes(address.replace(/^\[|\]$/g, '')) ?? new Uint8Array(4);
}

/** RFC 4291 §2.5.5.2: an IPv4 address among IPv6 ones. */
function widened(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address;
  const made = new Uint8Array(16);
  made.set([0xff, 0xff, ...address], 10);
  return made;
}
