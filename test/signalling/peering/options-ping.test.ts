import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/kernel/ids.ts';
import { optionsPing } from '../../../src/signalling/peering/options-ping.ts';
import { type NodeUnderTest, nodeUnderTest } from '../node-under-test.ts';
import { header, startLine } from '../scripted-peer.ts';

let node: NodeUnderTest;

beforeEach(async () => {
  node = await nodeUnderTest();
});

afterEach(async () => {
  await node.close();
});

describe('OPTIONS to a hop', () => {
  it.each([
    ['200 OK', true],
    ['404 Not Found', true],
    ['405 Method Not Allowed', true],
    ['401 Unauthorized', true],
    ['483 Too Many Hops', true],
    ['500 Server Internal Error', true],
    ['408 Request Timeout', false],
    ['503 Service Unavailable', false],
  ])('%s: it is alive: %s', async (status, alive) => {
    const { carrier, stack, peering } = node;
    const peer = peering.peers.named('carrier')!;
    const told = new Promise((resolve) => {
      const { target } = peering.board.placesOf(peer)[0]!;
      optionsPing(stack, systemRandom)({ peer, target }, resolve);
    });
    const request = await carrier.expect('OPTIONS');
    carrier.respond(request, '100 Trying');
    carrier.respond(request, status, { tag: 'x' });
    expect(await told).toBe(alive);
    expect(startLine(request)).toBe(`OPTIONS sip:127.0.0.1:${carrier.port} SIP/2.0`);
    expect(header(request, 'From')).toMatch(/^<sip:carrier\.example>;tag=[0-9a-f]{16}$/);
    expect(header(request, 'To')).toBe('<sip:carrier.example>');
    expect(header(request, 'Contact')).toBe(`<sip:127.0.0.1:${node.port}>`);
    expect(header(request, 'CSeq')).toBe('1 OPTIONS');
  });
});
