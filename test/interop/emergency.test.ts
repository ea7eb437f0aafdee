import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after } from '../end-to-end/voices.ts';
import { Agent, type AgentCall } from '../support/agent/agent.ts';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, englishPrompt, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { amplitudeAt } from '../support/sound.ts';
import { missingTools } from './debian-tools.ts';
import { Programs } from './programs.ts';
import { CalleeScript, CallerScript } from './sipp/script.ts';

const missing = missingTools('sipp');
const address = '127.0.0.1';
const tones = { caller: 700, callee: 1100 } as const;
const amplitude = 8000;

/** What each call that is no emergency would meet. */
const rules = [
  { mode: 'automatic', announce: { prompt: englishPrompt.id, when: 'before-connect' } },
  {
    mode: 'automatic',
    announce: { prompt: englishPrompt.id, when: 'before-connect', beforeConnect: 'answer' },
  },
  {
    mode: 'automatic',
    announce: { prompt: englishPrompt.id },
    beep: { everySeconds: 5 },
    record: 'include-prompt',
  },
  { mode: 'automatic', announce: { prompt: englishPrompt.id, key: '1' }, consent: 'opt-in' },
  {
    mode: 'automatic',
    announce: { prompt: englishPrompt.id, key: '1' },
    consent: 'opt-out',
    onFailure: 'refuse',
  },
  { mode: 'on-demand', announce: { prompt: englishPrompt.id }, announceAt: 'call', lookbackSeconds: 5 },
  { mode: 'on-demand', announce: { prompt: englishPrompt.id }, featureCodes: { start: '*1' } },
  { mode: 'never' },
].map((rule, n) => ({
  ...{ id: `rule-${n}`, when: { header: { 'X-Case': String(n) } } },
  ...(rule.mode === 'never' ? {} : { purpose: 'quality' }),
  ...rule,
}));

const programs = new Programs();
let directory: string;
let node: RunningNode;
/** What is up, and how it is ended. */
const ends: (() => unknown)[] = [];
let phone: Agent;
let helper: Agent;
let called: AgentCall;
let lan: number;

/** Calls by SIPp, far more at once than the node takes. */
function flood(lanPort: number, carrierPort: number, pbxPort: number, mediaPort: number): void {
  const callee = join(directory, 'callee.xml');
  const caller = join(directory, 'caller.xml');
  writeFileSync(callee, new CalleeScript().connect().hangsUp().xml);
  writeFileSync(caller, new CallerScript().connect().pause(2000).hangUp().xml);
  const common = ['-i', address, '-nostdin', '-timeout', '60s'];
  programs.start(
    'sipp',
    ['-sf', callee, '-p', String(carrierPort), '-mp', String(mediaPort), ...common],
    directory,
  );
  const load = ['-s', '7000', '-r', '800', '-l', '2000', '-m', '24000', '-mp', String(mediaPort + 10)];
  programs.start(
    'sipp',
    [`${address}:${lanPort}`, '-sf', caller, '-p', String(pbxPort), ...load, ...common],
    directory,
  );
}

const refused = async (): Promise<number> => {
  const page = await (await node.api.request('/metrics')).text();
  const lines = [
    ...page.matchAll(/^onrecord_requests_refused_total\{[^}]*reason="(?:calls|overload)"[^}]*\} (\d+)/gm),
  ];
  return lines.reduce((sum, [, count]) => sum + Number(count), 0);
};

beforeAll(async () => {
  if (missing !== null) return;
  directory = temporaryDirectory();
  ends.push(() => {
    removeDirectory(directory);
  });
  const first = await freeUdpRange(6);
  const [udpLan, udpWan, pbxPort, carrierPort] = [first, first + 1, first + 2, first + 3];
  const media = await freeUdpRange(200);
  const [tcpLan, tcpWan] = [await freeTcpPort(), await freeTcpPort()];
  lan = tcpLan;
  phone = await Agent.start({ user: '201', proxy: { host: address, port: tcpLan } });
  helper = await Agent.start({ user: '112', proxy: { host: address, port: tcpWan } });
  ends.push(() => Promise.all([phone.stop(), helper.stop()]));
  const udp = (port: number): object => ({
    match: [`${address}/32:${port}`],
    targets: [`sip:${address}:${port}`],
  });
  const base = JSON.parse(
    await nodeConfig({
      ...{ pbxTarget: phone.target, trunkTarget: helper.target, lanPort: tcpLan, wanPort: tcpWan },
      ...{ mediaPorts: [media, media + 199], rule: announcedElsewhere, rulesBefore: rules },
      listeners: [
        { id: 'udp-lan', transport: 'udp', address, port: udpLan },
        { id: 'udp-wan', transport: 'udp', address, port: udpWan },
      ],
      // One call at once, one new call a second: an emergency call comes on top.
      pbxPeer: { maxCalls: 1, callsPerSecond: 1 },
    }),
  ) as { sip: { peers: object[]; maxCalls?: number; routes: object[] } };
  base.sip.maxCalls = 40;
  base.sip.peers.push(
    { id: 'crowd', side: 'pbx', listener: 'udp-lan', ...udp(pbxPort) },
    { id: 'trunk', side: 'trunk', listener: 'udp-wan', ...udp(carrierPort) },
  );
  base.sip.routes = [
    { from: 'pbx', to: ['carrier'] },
    { from: 'crowd', to: ['trunk'] },
  ];
  node = await RunningNode.start({ directory, config: JSON.stringify(base), env: {} });
  ends.push(() => node.stop());
  ends.push(() => programs.endAll());
  helper.answerAll((call) => {
    called = call;
    call.rtp.playTone(tones.callee, amplitude);
  });
  flood(udpLan, carrierPort, pbxPort, media + 1000);
  await waitUntil('calls to be refused', async () => ((await refused()) > 200 ? true : undefined), 20_000);
}, 90_000);

afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

describe.skipIf(missing !== null)('a call for help while the node refuses all others', () => {
  it.each(rules)('passes at once, untouched by $id ($mode)', async ({ id }) => {
    const before = await refused();
    const began = performance.now();
    const name = id.slice('rule-'.length);
    const calling = phone.call(`sip:112@${address}:${lan};transport=tcp`, [`X-Case: ${name}`]);
    await waitUntil(
      'our own media',
      () => calling.session.sessionDescriptionHandler !== undefined || undefined,
    );
    await waitUntil('the answer', () => calling.media.remote ?? undefined);
    calling.rtp.playTone(tones.caller, amplitude);
    expect((await calling.answered).status).toBe(200);
    const setupMs = performance.now() - began;
    await after(600);
    // No question is open, and no code is known: the keys go through.
    for (const key of ['*', '1']) await calling.rtp.press(key);
    await after(600);
    const heard = calling.rtp.heard();
    const keys = called.rtp.received.filter(({ payloadType }) => payloadType === 101);
    expect(new Set(keys.map(({ payload }) => payload[0]))).toEqual(new Set([10, 1]));
    // Its whole offer went on, in its own order.
    expect(called.request?.body).toMatch(/^m=audio \d+ RTP\/AVP 8 0 101\r$/m);
    await calling.hangUp();
    // Whoever is announced to would hear the prompt for more than three seconds.
    expect(amplitudeAt(heard.subarray(1600, 8000), tones.callee)).toBeGreaterThan(amplitude * 0.9);
    expect(amplitudeAt(called.rtp.heard().subarray(800, 4000), tones.caller)).toBeGreaterThan(
      amplitude * 0.9,
    );
    expect(setupMs).toBeLessThan(1500);
    expect(await refused()).toBeGreaterThan(before);
  });

  it('has no recording under any of them, and the evidence says so', async () => {
    const calls = (await node.api.calls('?limit=500')).filter(({ to }) => to === '112');
    expect(calls).toHaveLength(rules.length);
    for (const { id, ruleId } of calls) {
      expect(ruleId).toBeNull();
      const { recordings } = await node.api.call(id);
      expect(recordings).toEqual([]);
      const { items } = await node.api.callConsent(id);
      expect(items.map(({ outcome, promptId }) => [outcome, promptId])).toEqual([
        ['not-recorded', null],
        ['not-recorded', null],
      ]);
    }
  });
});
