import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstLine, headerOf, rawResponse, rawUdp } from '../signalling/transport/raw-peer.ts';
import type { RawUdp } from '../signalling/transport/raw-peer.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { RunningNode } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';

/** What the router in front of the LAN is called; nobody here has this address. */
const advertised = '198.51.100.7';
const number = '35220301000';

let node: RunningNode;
let pbx: RawUdp;
let trunk: RawUdp;
let lanPort: number;
let wanPort: number;

/** A party's SDP, written by hand. */
function description(address: string, port: number): string {
  const family = isIPv6(address) ? 'IP6' : 'IP4';
  return [
    ...['v=0', `o=- 1 1 IN ${family} ${address}`, 's=-', `c=IN ${family} ${address}`, 't=0 0'],
    ...[`m=audio ${port} RTP/AVP 8`, 'a=rtpmap:8 PCMA/8000', ''],
  ].join('\r\n');
}

function withBody(message: string, body: string): string {
  return (
    message.replace(
      /Content-Length: \d+/,
      `Content-Type: application/sdp\r\nContent-Length: ${body.length}`,
    ) + body
  );
}

async function mediaSocket(address: string): Promise<Socket> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

function rtp(sequence: number): Buffer {
  const packet = Buffer.alloc(172, 0xd5);
  packet.writeUInt16BE(0x8008, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(160 * sequence, 4);
  packet.writeUInt32BE(0x11_22_33_44, 8);
  return packet;
}

const portOf = (sdp: string): number => Number(/\r\nm=audio (\d+) /.exec(sdp)?.[1]);

async function passes(from: Socket, to: Socket, port: number, address: string): Promise<boolean> {
  const heard = once(to, 'message').then(() => true);
  for (let sequence = 1; sequence <= 50; sequence++) {
    from.send(rtp(sequence), port, address);
    const waited = new Promise<boolean>((resolve) => setTimeout(resolve, 20, false));
    if (await Promise.race([heard, waited])) return true;
  }
  return false;
}

const hasIPv6 = Object.values(networkInterfaces()).some((entries) =>
  entries?.some(({ address }) => address === '::1'),
);

beforeAll(async () => {
  if (!hasIPv6) return;
  pbx = await rawUdp('127.0.0.1');
  trunk = await rawUdp('::1');
  const first = await freeUdpRange(42);
  lanPort = first + 40;
  wanPort = first + 41;
  const ports = `${first}-${first + 39}`;
  const config = await nodeConfig({
    ...{ lanPort, wanPort, pbxTarget: '', trunkTarget: '', rule: announcedElsewhere },
    sections: {
      sip: {
        listeners: [
          { id: 'lan', transport: 'udp', address: '127.0.0.1', port: lanPort, advertise: advertised },
          { id: 'wan', transport: 'udp', address: '::1', port: wanPort },
        ],
        peers: [
          {
            ...{ id: 'pbx', side: 'pbx', listener: 'lan', media: 'inside', match: ['127.0.0.1/32'] },
            targets: [`sip:127.0.0.1:${pbx.port}`],
          },
          {
            ...{ id: 'carrier', side: 'trunk', listener: 'wan', media: 'outside', match: ['::1/128'] },
            targets: [`sip:[::1]:${trunk.port}`],
          },
        ],
        routes: [
          { from: 'pbx', to: ['carrier'] },
          { from: 'carrier', to: ['pbx'] },
        ],
      },
      media: {
        interfaces: [
          { id: 'inside', address: '127.0.0.1', ports, advertise: advertised },
          { id: 'outside', address: '::1', ports },
        ],
      },
    },
  });
  node = await RunningNode.start({ config });
});
afterAll(async () => {
  if (!hasIPv6) return;
  pbx.close();
  trunk.close();
  await node.stop();
});

describe.skipIf(!hasIPv6)('a PBX in an IPv4 network behind a router, and a trunk over IPv6', () => {
  it('each side is told the address of its own listener and media interface, and speech passes', async () => {
    const inside = await mediaSocket('127.0.0.1');
    const outside = await mediaSocket('::1');
    const offer = description('127.0.0.1', inside.address().port);
    const invite = [
      `INVITE sip:${number}@127.0.0.1:${lanPort} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${pbx.port};branch=z9hG4bKtwo;rport`,
      'Max-Forwards: 70',
      'From: <sip:201@127.0.0.1>;tag=a1',
      `To: <sip:${number}@127.0.0.1>`,
      'Call-ID: two-networks',
      'CSeq: 1 INVITE',
      `Contact: <sip:201@127.0.0.1:${pbx.port}>`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    pbx.send(withBody(invite, offer), lanPort);
    expect(firstLine(await pbx.next())).toBe('SIP/2.0 100 Trying');

    const passed = await trunk.next();
    expect(headerOf(passed, 'Via')).toMatch(new RegExp(`^SIP/2.0/UDP \\[::1\\]:${wanPort};`));
    expect(headerOf(passed, 'Contact')).toBe(`<sip:[::1]:${wanPort}>`);
    expect(passed).toMatch(/\r\no=[^\r]* IN IP6 ::1\r\n/);
    expect(passed).toContain('\r\nc=IN IP6 ::1\r\n');
    expect(passed).not.toContain('127.0.0.1');
    expect(passed).not.toContain(advertised);

    const answer = description('::1', outside.address().port);
    const contact = [`Contact: <sip:${number}@[::1]:${trunk.port}>`];
    trunk.send(withBody(rawResponse(passed, '200 OK', 'b1', contact), answer), wanPort, '::1');
    const accepted = await pbx.next();
    expect(firstLine(accepted)).toBe('SIP/2.0 200 OK');
    expect(headerOf(accepted, 'Contact')).toBe(`<sip:${advertised}:${lanPort}>`);
    expect(accepted).toMatch(new RegExp(`\\r\\no=[^\\r]* IN IP4 ${advertised}\\r\\n`));
    expect(accepted).toContain(`\r\nc=IN IP4 ${advertised}\r\n`);
    pbx.send(
      invite
        .replace('INVITE sip', 'ACK sip')
        .replace('1 INVITE', '1 ACK')
        .replace('z9hG4bKtwo', 'z9hG4bKack')
        .replace(/To: [^\r]*/, `To: ${headerOf(accepted, 'To')}`),
      lanPort,
    );
    expect(firstLine(await trunk.next())).toMatch(/^ACK /);

    expect(await passes(inside, outside, portOf(accepted), '127.0.0.1')).toBe(true);
    expect(await passes(outside, inside, portOf(passed), '::1')).toBe(true);
    inside.close();
    outside.close();
  });
});
