import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from '../node-under-test.ts';
import { type StackUnderTest, stackUnderTest } from '../transport/stack-under-test.ts';

/** Requests that are as short as they get, each with the longest answer that it may draw. */
const rows: readonly (readonly [string, string])[] = [
  ['the shortest that parses', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h\nf:a:a\nt:a:a\ni:a\nCSeq:1 A\n\n'],
  ['the shortest with rport', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h;rport\nf:a:a\nt:a:a\ni:a\nCSeq:1 A\n\n'],
  ['an INVITE', 'INVITE a:a SIP/2.0\nv:SIP/2.0/UDP h\nf:a:a\nt:a:a\ni:a\nCSeq:1 INVITE\n\n'],
  ['OPTIONS', 'OPTIONS a:a SIP/2.0\nv:SIP/2.0/UDP h\nf:a:a\nt:a:a\ni:a\nCSeq:1 OPTIONS\n\n'],
  ['a CANCEL of nothing', 'CANCEL a:a SIP/2.0\nv:SIP/2.0/UDP h\nf:a:a\nt:a:a\ni:a\nCSeq:1 CANCEL\n\n'],
  ['no headers but Via', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h\n\n'],
  ['no end', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h'],
  ['no end of a line', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h\n'],
  ['a short body', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h\nf:a:a\nt:a:a\ni:a\nCSeq:1 A\nl:9\n\n'],
  ['another version', 'A a:a SIP/3.0\nv:SIP/2.0/UDP h\n\n'],
  ['a broken Via with a sent-by', 'A a:a SIP/2.0\nv:SIP/2.0/UDP h;\n\n'],
  ['many Vias', `A a:a SIP/2.0\n${'v:SIP/2.0/UDP h\n'.repeat(200)}f:a:a\nt:a:a\ni:a\nCSeq:1 A\n\n`],
  ['many Record-Routes', `INVITE a:a SIP/2.0\nv:SIP/2.0/UDP h\n${'Record-Route:<a:a>\n'.repeat(200)}\n`],
  ['a line end', '\r\n'],
  ['a word', 'x'],
  ['nothing', ''],
];

describe('no answer to an unverified source is more than three times what it sent', () => {
  let under: StackUnderTest;
  let trusted: boolean;

  beforeEach(async () => {
    trusted = false;
    under = await stackUnderTest({ isPeer: () => trusted });
  });
  afterEach(async () => {
    await under.stack.close();
  });

  /** Bytes that come back for one datagram from an address as long as addresses get. */
  async function answered(text: string): Promise<number> {
    const socket = createSocket('udp4');
    let bytes = 0;
    socket.on('message', (message) => {
      bytes += message.length;
    });
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.100.100.100', resolve);
    });
    const [via, here] = ['UDP h', `UDP 127.100.100.101:${socket.address().port}`];
    // The sent-by decides about the port of the answer, and a longer one is no gain to whoever forges.
    const sent = Buffer.from(text.includes('rport') ? text : text.replace(via, here), 'latin1');
    socket.send(sent, under.ports['udp'] ?? 0, '127.0.0.1');
    await under.settle();
    socket.close();
    return bytes / Math.max(1, sent.length);
  }

  it.each(rows)('of a stranger: %s', async (_name, text) => {
    expect(await answered(text)).toBeLessThanOrEqual(3);
  });

  it.each(rows)('of a peer whose address may be forged: %s', async (_name, text) => {
    trusted = true;
    expect(await answered(text)).toBeLessThanOrEqual(3);
  });

  it('where it would be, there is none', async () => {
    trusted = true;
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(5060, '127.100.100.100', resolve);
    });
    let came = 0;
    socket.on('message', () => (came += 1));
    socket.send('A a:a SIP/2.0\nv:SIP/2.0/UDP h\n', under.ports['udp'] ?? 0, '127.0.0.1');
    await under.settle();
    socket.close();
    expect([came, under.dropped('reply-too-large')]).toEqual([0, 1]);
  });

  it('an ACK never draws any', async () => {
    const ack = 'ACK a:a SIP/2.0\nv:SIP/2.0/UDP h;rport\nf:a:a\nt:a:a;tag=x\ni:a\nCSeq:1 ACK\n\n';
    for (const known of [false, true]) {
      trusted = known;
      expect(await answered(ack)).toBe(0);
      expect(await answered(ack.replace('CSeq', 'X'))).toBe(0);
    }
  });
});

describe('a challenge', () => {
  const digest = { username: 'pbx', password: 'hush', realm: 'onrecord' };
  let node: NodeUnderTest;

  beforeEach(async () => {
    node = await nodeUnderTest({ peers: { pbx: { digest } } });
  });
  afterEach(async () => {
    await node.close();
  });

  it('goes to an INVITE as they are, and is less than three times as long', async () => {
    const { pbx } = node;
    const sent = pbx.invite(node.uri('352123'), 'usual');
    const challenged = await pbx.expect('SIP/2.0 407');
    expect(challenged.length).toBeLessThan(3 * sent.length);
  });

  it('does not go to one that is worth forging', async () => {
    const { pbx } = node;
    const uri = `sip:2@127.0.0.1:${node.port}`;
    pbx.send(
      `INVITE ${uri} SIP/2.0\nv:SIP/2.0/UDP 127.0.0.1:${pbx.port}\nf:a:a\nt:a:a\ni:a\nCSeq:1 INVITE\n\n`,
    );
    expect(await pbx.settle(200)).toEqual([]);
  });
});
