/** Report blocks, reports and what they say, by the RFC's drawings and nothing of ours. */
export interface Block {
  readonly ssrc: number;
  readonly fraction?: number;
  readonly lost?: number;
  readonly highest?: number;
  readonly jitter?: number;
  readonly lastSr?: number;
  readonly delay?: number;
}

export interface Info {
  readonly ntp?: readonly [seconds: number, fraction: number];
  readonly timestamp?: number;
  readonly packets?: number;
  readonly octets?: number;
}

export function report(ssrc: number, info: Info | null, ...blocks: readonly Block[]): Buffer {
  const packet = Buffer.alloc((info === null ? 8 : 28) + 24 * blocks.length);
  packet[0] = 0x80 | blocks.length;
  packet[1] = info === null ? 201 : 200;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  if (info !== null) {
    packet.writeUInt32BE(info.ntp?.[0] ?? 0, 8);
    packet.writeUInt32BE(info.ntp?.[1] ?? 0, 12);
    packet.writeUInt32BE(info.timestamp ?? 0, 16);
    packet.writeUInt32BE(info.packets ?? 0, 20);
    packet.writeUInt32BE(info.octets ?? 0, 24);
  }
  blocks.forEach((block, i) => {
    const at = (info === null ? 8 : 28) + 24 * i;
    packet.writeUInt32BE(block.ssrc, at);
    packet.writeInt32BE(block.lost ?? 0, at + 4);
    packet[at + 4] = block.fraction ?? 0;
    packet.writeUInt32BE(block.highest ?? 0, at + 8);
    packet.writeUInt32BE(block.jitter ?? 0, at + 12);
    packet.writeUInt32BE(block.lastSr ?? 0, at + 16);
    packet.writeUInt32BE(block.delay ?? 0, at + 20);
  });
  return packet;
}

/** SDES with one chunk of a CNAME and a TOOL. */
export function cname(ssrc: number, name: string, tool = ''): Buffer {
  const items = [Buffer.from([1, name.length]), Buffer.from(name)];
  if (tool !== '') items.push(Buffer.from([6, tool.length]), Buffer.from(tool));
  const written = Buffer.concat(items);
  const packet = Buffer.alloc(8 + 4 * Math.ceil((written.length + 1) / 4));
  packet[0] = 0x81;
  packet[1] = 202;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  written.copy(packet, 8);
  return packet;
}

export function bye(ssrc: number): Buffer {
  const packet = Buffer.from('81cb000100000000', 'hex');
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

/** RFC 4585 §6.2.1. */
export function nack(ssrc: number, media: number, ...words: readonly (readonly [number, number])[]): Buffer {
  const packet = Buffer.alloc(12 + 4 * words.length);
  packet[0] = 0x81;
  packet[1] = 205;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(media, 8);
  words.forEach(([first, mask], i) => {
    packet.writeUInt16BE(first, 12 + 4 * i);
    packet.writeUInt16BE(mask, 14 + 4 * i);
  });
  return packet;
}

/** What one datagram says. */
export interface Said {
  readonly types: readonly number[];
  readonly sender: number;
  readonly info: Required<Info> | null;
  readonly block: Required<Block> | null;
  readonly cname: string | null;
  readonly nacks: readonly (readonly [number, number])[];
  readonly nackOf: number | null;
}

export function readControl(datagram: Buffer): Said {
  const said: { -readonly [key in keyof Said]: Said[key] } = {
    types: [],
    sender: datagram.readUInt32BE(4),
    info: null,
    block: null,
    cname: null,
    nacks: [],
    nackOf: null,
  };
  let at = 0;
  while (at < datagram.length) {
    const packet = datagram.subarray(at, at + 4 * (datagram.readUInt16BE(at + 2) + 1));
    const [first, type] = [packet[0]!, packet[1]!];
    said.types = [...said.types, type];
    if (type === 200) {
      said.info = {
        ntp: [packet.readUInt32BE(8), packet.readUInt32BE(12)],
        timestamp: packet.readUInt32BE(16),
        packets: packet.readUInt32BE(20),
        octets: packet.readUInt32BE(24),
      };
    }
    if ((type === 200 || type === 201) && (first & 31) > 0)
      said.block = readBlock(packet, type === 200 ? 28 : 8);
    if (type === 202) said.cname = packet.subarray(10, 10 + packet[9]!).toString();
    if (type === 205) {
      said.nackOf = packet.readUInt32BE(8);
      for (let word = 12; word < packet.length; word += 4) {
        said.nacks = [...said.nacks, [packet.readUInt16BE(word), packet.readUInt16BE(word + 2)]];
      }
    }
    at += packet.length;
  }
  return said;
}

function readBlock(packet: Buffer, at: number): Required<Block> {
  return {
    ssrc: packet.readUInt32BE(at),
    fraction: packet[at + 4]!,
    lost: packet.readIntBE(at + 5, 3),
    highest: packet.readUInt32BE(at + 8),
    jitter: packet.readUInt32BE(at + 12),
    lastSr: packet.readUInt32BE(at + 16),
    delay: packet.readUInt32BE(at + 20),
  };
}
