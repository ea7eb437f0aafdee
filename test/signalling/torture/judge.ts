import { expect } from 'vitest';
import type { Wire } from '../../support/scripted-sip/wire.ts';
import type { Expectation } from './torture-case.ts';
import type { TortureScene } from './torture-scene.ts';

/** Long enough for a message on loopback that should not come. */
const quietMs = 60;

/** Takes the first format of the audio line, and declines every other line. */
function answerTo(offer: string): string {
  const [, format = '0'] = /^m=audio \d+ RTP\/AVP (\d+)/m.exec(offer) ?? [];
  const declined = offer.match(/^m=video .*$/gm) ?? [];
  return [
    ...['v=0', 'o=callee 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0'],
    `m=audio 40000 RTP/AVP ${format}`,
    ...(/^a=rtpmap:2 .*$/m.exec(offer) ?? []).map((line) => line.trim()),
    ...declined.map((line) => line.trim().replace(/\d+/, '0')),
    '',
  ].join('\r\n');
}

const headOf = (message: string): string => message.slice(0, message.indexOf('\r\n\r\n') + 2);
const lines = (message: string, name: string): string[] =>
  headOf(message)
    .split('\r\n')
    .filter((line) => new RegExp(`^${name}[ \t]*:`, 'i').test(line));

/** A response to a request as it came, line by line. */
export function responseTo(wire: Wire, request: string, status: string, body = ''): string {
  const { address, port } = wire.local;
  const host = address.includes(':') ? `[${address}]` : address;
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) => lines(request, name));
  return [
    `SIP/2.0 ${status}`,
    ...copied.map((line) => (line.startsWith('To:') ? `${line};tag=callee-1` : line)),
    `Contact: <sip:callee@${host}:${port}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    ...[`Content-Length: ${body.length}`, '', body],
  ].join('\r\n');
}

/** The next response above 100. */
async function finalAnswer(wire: Wire): Promise<string> {
  for (;;) {
    const message = await wire.next();
    if (!message.startsWith('SIP/2.0 1')) return message;
  }
}

/** Sends the message as the caller, and holds what follows against what was expected. */
export async function judge(scene: TortureScene, message: string, expected: Expectation): Promise<void> {
  const { caller, callee, node } = scene;
  caller.send(message);
  if (expected.is === 'relayed') {
    await judgeRelayed(scene, expected);
  } else {
    if (expected.is === 'closed') await caller.closed;
    if (expected.is === 'answered') judgeAnswer(await finalAnswer(caller), message, expected);
    const [toCaller, toCallee] = await Promise.all([caller.during(quietMs), callee.during(quietMs)]);
    // An answer to an INVITE is repeated until its ACK (RFC 3261 §17.2.1); nothing else may follow.
    expect(toCaller.filter((one) => !/^CSeq[ \t]*:[^]*?INVITE/im.test(headOf(one)))).toEqual([]);
    expect([toCallee, node.director.admitted]).toEqual([[], []]);
  }
  expect(scene.bugs()).toBe(0);
}

function judgeAnswer(
  answer: string,
  request: string,
  expected: Extract<Expectation, { is: 'answered' }>,
): void {
  expect(answer).toMatch(new RegExp(`^SIP/2\\.0 ${expected.status} `));
  for (const line of expected.has ?? []) expect(headOf(answer)).toMatch(line);
  // RFC 3261 §8.2.6.2: every Via of the request, in its order.
  const asked = headOf(request).match(/^(?:via|v)[ \t]*:/gim)?.length ?? 0;
  expect(headOf(answer).match(/^(?:via|v)[ \t]*:/gim)?.length).toBe(asked);
}

async function judgeRelayed(
  { caller, callee }: TortureScene,
  expected: Extract<Expectation, { is: 'relayed' }>,
): Promise<void> {
  const invite = await callee.next();
  const head = headOf(invite);
  const user = expected.user.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  expect(head).toMatch(new RegExp(`^INVITE sip:${user}@[^ ;?]+(?:;[^ ?]*)? SIP/2\\.0\r\n`));
  for (const line of expected.has ?? []) expect(head).toMatch(line);
  for (const line of expected.lacks ?? []) expect(head).not.toMatch(line);
  expect(lines(invite, 'Via')).toHaveLength(1);
  expect(lines(invite, 'Content-Length')).toEqual([`Content-Length: ${invite.length - head.length - 2}`]);
  const answer = expected.answer ?? '200 OK';
  callee.send(responseTo(callee, invite, answer, answer === '200 OK' ? answerTo(invite) : ''));
  const final = await finalAnswer(caller);
  expect(final).toMatch(new RegExp(`^SIP/2\\.0 ${answer}\r\n`));
  expect(lines(final, 'To|t')[0]).toMatch(/;tag=[0-9a-f]+$/);
  const acked = await callee.next();
  expect(acked).toMatch(/^ACK sip:/);
}
