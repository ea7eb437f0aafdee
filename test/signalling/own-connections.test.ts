import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, body, header, startLine } from './scripted-peer.ts';
import { rawResponse, rawTls } from './transport/raw-peer.ts';
import type { RawTcp } from './transport/raw-peer.ts';

const certs = join(import.meta.dirname, 'transport/certs');
const place = {
  ...{ transport: 'tls', address: '127.0.0.1', port: 0 },
  ...{ cert: join(certs, 'node.pem'), key: join(certs, 'node.key') },
};

let node: NodeUnderTest;
const open: RawTcp[] = [];

beforeEach(async () => {
  node = await nodeUnderTest({
    more: {
      listeners: [
        { id: 'inside', ...place },
        { id: 'outside', ...place },
      ],
      peers: [
        { id: 'phone-system', side: 'pbx', listener: 'inside', match: ['127.0.0.1/32'] },
        { id: 'far-trunk', side: 'trunk', listener: 'outside', match: ['127.0.0.1/32'] },
      ],
      routes: [
        { from: 'phone-system', to: ['far-trunk'] },
        { from: 'far-trunk', to: ['carrier'] },
        { from: 'second', to: ['phone-system'] },
      ],
    },
  });
});
afterEach(async () => {
  for (const { socket } of open.splice(0)) socket.destroy();
  await node.close();
});

async function connect(listener: 'inside' | 'outside'): Promise<RawTcp> {
  const peer = await rawTls(node.portOf(listener));
  open.push(peer);
  // The client is through with the handshake before the server is.
  await new Promise((resolve) => setTimeout(resolve, 40));
  return peer;
}

let calls = 0;
function invite(uri: string): string {
  calls += 1;
  const sdp = audio(40_000);
  return [
    `INVITE ${uri} SIP/2.0`,
    `Via: SIP/2.0/TLS client.invalid;branch=z9hG4bKown${calls};rport`,
    'Max-Forwards: 70',
    'From: <sips:201@pbx.example>;tag=a1',
    `To: <${uri}>`,
    `Call-ID: own-${calls}`,
    'CSeq: 1 INVITE',
    'Contact: <sips:201@client.invalid>',
    'Content-Type: application/sdp',
    `Content-Length: ${sdp.length}`,
    '',
    sdp,
  ].join('\r\n');
}

/** The final answer. */
async function answerTo(peer: RawTcp): Promise<string> {
  for (;;) {
    const came = await peer.next();
    if (!/^SIP\/2.0 1/.test(came)) return came;
  }
}

function accept(request: string): string {
  const sdp = audio(40_002);
  const contact = ['Contact: <sips:them@client.invalid>', 'Content-Type: application/sdp'];
  return (
    rawResponse(request, '200 OK', 'b1', contact).replace(
      'Content-Length: 0',
      `Content-Length: ${sdp.length}`,
    ) + sdp
  );
}

describe('a peer without targets', () => {
  it('RFC 5923: gets calls by the connection that it has opened, and requests in its dialogs too', async () => {
    const phones = await connect('inside');
    const trunk = await connect('outside');
    phones.send(invite(`sip:35220301000@127.0.0.1:${node.portOf('inside')}`));
    const passed = await trunk.next();
    expect(startLine(passed)).toBe('INVITE sip:35220301000@127.0.0.1 SIP/2.0');
    trunk.send(accept(passed));
    const answered = await answerTo(phones);
    expect(startLine(answered)).toBe('SIP/2.0 200 OK');
    const inDialog = (method: string, cseq: string, branch: string): string =>
      [
        `${method} ${/<([^>]*)>/.exec(header(answered, 'Contact') ?? '')?.[1] ?? ''} SIP/2.0`,
        `Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK${branch};rport`,
        'Max-Forwards: 70',
        `From: ${header(answered, 'From') ?? ''}`,
        `To: ${header(answered, 'To') ?? ''}`,
        `Call-ID: ${header(answered, 'Call-ID') ?? ''}`,
        `CSeq: ${cseq}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
    phones.send(inDialog('ACK', '1 ACK', 'ack'));
    expect(startLine(await trunk.next())).toMatch(/^ACK sips:them@client.invalid /);
    phones.send(inDialog('BYE', '2 BYE', 'bye'));
    expect(startLine(await trunk.next())).toMatch(/^BYE sips:them@client.invalid /);
  });

  it('gets none while it has none open, and again once it has', async () => {
    const phones = await connect('inside');
    phones.send(invite('sip:35220301000@127.0.0.1'));
    expect(startLine(await answerTo(phones))).toBe('SIP/2.0 500 Server Internal Error');
    const trunk = await connect('outside');
    phones.send(invite('sip:35220301000@127.0.0.1'));
    await trunk.next();
    trunk.socket.destroy();
    expect(startLine(await answerTo(phones))).toMatch(/^SIP\/2.0 50[0-9] /);
    const back = await connect('outside');
    phones.send(invite('sip:35220301000@127.0.0.1'));
    expect(startLine(await back.next())).toMatch(/^INVITE /);
  });
});

describe('sips: (RFC 3261 §19.1, RFC 5630)', () => {
  it('goes on as sips: with sips: Contacts where both legs are TLS', async () => {
    const phones = await connect('inside');
    const trunk = await connect('outside');
    phones.send(invite(`sips:35220301000@127.0.0.1:${node.portOf('inside')}`));
    const passed = await trunk.next();
    expect(startLine(passed)).toBe('INVITE sips:35220301000@127.0.0.1 SIP/2.0');
    expect(header(passed, 'Contact')).toBe(`<sips:127.0.0.1:${node.portOf('outside')}>`);
    trunk.send(accept(passed));
    const answered = await answerTo(phones);
    expect(header(answered, 'Contact')).toBe(`<sips:127.0.0.1:${node.portOf('inside')}>`);
    expect(body(answered)).toContain('m=audio');
  });

  it('§8.2.2.1: is 416 where it comes without TLS', async () => {
    node.pbx.send(invite('sips:35220301000@127.0.0.1').replace('SIP/2.0/TLS', 'SIP/2.0/UDP'));
    await node.pbx.expect('SIP/2.0 416 Unsupported URI Scheme');
  });

  it('is 480 with a warning where it would have to go on without TLS', async () => {
    const trunk = await connect('outside');
    trunk.send(invite('sips:201@127.0.0.1'));
    const answered = await answerTo(trunk);
    expect(startLine(answered)).toBe('SIP/2.0 480 Temporarily Unavailable');
    expect(header(answered, 'Warning')).toBe('380 onrecord "SIPS Not Allowed"');
  });

  it('but an emergency call goes on all the same', async () => {
    const trunk = await connect('outside');
    trunk.send(invite('sips:112@127.0.0.1'));
    await node.carrier.expect('INVITE sip:112@');
  });
});
