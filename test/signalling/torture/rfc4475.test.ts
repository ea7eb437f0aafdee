import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemSchedule } from '../../../src/kernel/timers.ts';
import { packageDirectory } from '../../support/package-directory.ts';
import { judge, responseTo } from './judge.ts';
import { rfc4475Cases } from './rfc4475-cases.ts';
import type { TortureCase } from './torture-case.ts';
import { ownLoopback, type TortureScene, tortureScene } from './torture-scene.ts';

/**
 * The messages are data that the project does not carry: 49 files, NAME.dat, of RFC 4475's archive (its
 * appendix). With RFC4475_REQUIRED=1, which `.ci/run` sets, their absence is a failure.
 */
const folder = process.env['RFC4475_DIR'] ?? join(packageDirectory, '../shared/rfc4475');
const absent = !existsSync(folder);
if (absent) {
  const message = `the messages of RFC 4475 are not in ${folder}; set RFC4475_DIR to the folder with wsinv.dat and the others`;
  if (process.env['RFC4475_REQUIRED'] === '1') throw new Error(message);
  console.warn(`skipped: ${message}`);
}

const rows = rfc4475Cases.map(
  (torture) =>
    [`${torture.section} ${torture.name} (${torture.validity}): "${torture.says}"`, torture] as const,
);

let scene: TortureScene | null = null;

afterEach(async () => {
  await scene?.close();
  scene = null;
});

const messageOf = (name: string): string => readFileSync(join(folder, `${name}.dat`), 'latin1');

/** Ten seconds of patience with half a message pass in a tenth of one. */
const hurried: typeof systemSchedule = (delayMs, run) => systemSchedule(delayMs / 100, run);

describe.skipIf(absent)('RFC 4475', () => {
  it('has 49 messages, and each is in the table', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.dat'));
    expect(files).toHaveLength(49);
    expect(new Set(rfc4475Cases.map(({ name }) => `${name}.dat`))).toEqual(new Set(files));
  });

  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    it.each(rows)('§%s', async (_title, torture) => {
      const message = adapted(torture, transport);
      const expected = (transport === 'tcp' ? torture.overTcp : undefined) ?? torture.expect;
      scene = await tortureScene({
        ...{ transport, address: ownLoopback(), callerPort: torture.viaPort ?? 5060 },
        ...(expected.is === 'closed' ? { schedule: hurried } : {}),
      });
      if (expected.is === 'taken' || expected.is === 'dropped') await judgeResponse(scene, message, expected);
      else await judge(scene, message, expected);
    });
  });
});

function adapted({ name, adapt }: TortureCase, transport: 'udp' | 'tcp'): string {
  const message = messageOf(name);
  if (adapt === undefined || (adapt.over === 'tcp' && transport === 'udp')) return message;
  const changed = adapt.change(message);
  expect(changed).not.toBe(message);
  return changed;
}

/**
 * A response is nobody's until it belongs to a transaction. So it is sent twice: as it is, which nobody may
 * notice; and then with the Via, From, To, Call-ID and CSeq of an INVITE of ours, but for what is wrong with it.
 */
async function judgeResponse(
  scene: TortureScene,
  response: string,
  expected: { readonly is: 'taken' | 'dropped'; readonly keeps?: readonly string[] },
): Promise<void> {
  const { caller, callee } = scene;
  caller.send(plainRequest('INVITE', caller.transport));
  const invite = await callee.next();
  callee.send(response);
  expect(await caller.during(60)).toEqual([expect.stringMatching(/^SIP\/2\.0 100 /)]);
  callee.send(ofTransaction(response, invite, expected.keeps ?? []));
  const status = Number(response.slice(8, 11));
  if (expected.is === 'dropped') {
    expect(await caller.during(60)).toEqual([]);
  } else if (status < 200) {
    // RFC 3261 §9.1: only once a provisional was taken does a CANCEL go on.
    caller.send(plainRequest('CANCEL', caller.transport));
    expect(await callee.next()).toMatch(/^CANCEL /);
  }
  if (expected.is === 'taken' && status >= 200) {
    const final = await caller.next();
    expect(final.slice(0, final.indexOf('\r\n'))).toBe(response.slice(0, response.indexOf('\r\n')));
    expect(final).toMatch(/^m=audio \d+ RTP\/AVP 0/m);
  }
  if (expected.is === 'dropped') {
    // The transaction is as it was.
    callee.send(responseTo(callee, invite, '486 Busy Here'));
    expect(await caller.next()).toMatch(/^SIP\/2\.0 486 /);
  }
  expect(scene.bugs()).toBe(0);
  expect(scene.node.director.admitted).toHaveLength(1);
}

const offer = [
  ...['v=0', 'o=caller 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'],
  ...['m=audio 49217 RTP/AVP 0 12', 'm=video 3227 RTP/AVP 31', 'a=rtpmap:31 LPC', ''],
].join('\r\n');

function plainRequest(method: 'INVITE' | 'CANCEL', transport: 'UDP' | 'TCP'): string {
  const body = method === 'INVITE' ? offer : '';
  return [
    `${method} sip:user@example.com SIP/2.0`,
    `Via: SIP/2.0/${transport} 192.0.2.1;branch=z9hG4bKplain`,
    'Max-Forwards: 70',
    'From: <sip:caller@example.net>;tag=plain',
    'To: <sip:user@example.com>',
    'Call-ID: plain',
    `CSeq: 1 ${method}`,
    'Contact: <sip:caller@192.0.2.1>',
    'Content-Type: application/sdp',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** The response with the headers by which the INVITE's transaction knows it; `keeps` names what stays its own. */
function ofTransaction(response: string, invite: string, keeps: readonly string[]): string {
  const end = response.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = response.slice(0, end).split('\r\n');
  const ofInvite = (name: string): string => new RegExp(`^${name}: .*(?=\r$)`, 'm').exec(invite)?.[0] ?? '';
  const identity = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].filter((name) => !keeps.includes(name));
  const own = fields.filter(
    (line) => keeps.includes(line) || !identity.some((name) => line.startsWith(`${name}:`)),
  );
  const taken = identity.map((name) => (name === 'To' ? `${ofInvite('To')};tag=callee-1` : ofInvite(name)));
  return [statusLine, ...taken, ...own].join('\r\n') + response.slice(end);
}
