import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audio, header, ScriptedPeer } from '../signalling/scripted-peer.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { missingTools } from './debian-tools.ts';

const missing = missingTools('kamailio');

/** Of the one call: those that the first test lists. */
const messages = 15;

/** One packet as Kamailio read it: the chunks of HEP and the SIP message within. */
interface Captured {
  readonly chunks: Readonly<Record<string, string>>;
  readonly sip: string;
}

// One call through a node that exports to Kamailio's sipcapture module, which has its own reader of HEP3 and of SIP.
describe.skipIf(missing !== null)('HEP3, read by Kamailio', () => {
  const directory = temporaryDirectory();
  const closers: (() => unknown)[] = [];
  const output = { hep: '', sip: '' };
  let pbx: ScriptedPeer;
  let carrier: ScriptedPeer;
  let captured: Captured[] = [];
  const callId = 'hep-call@pbx';
  let startedAt = 0;

  /** Two of them: the first shows the chunks of HEP and forwards to the second, which shows the SIP message. */
  async function startCollector(kind: keyof typeof output, port: number, sipPort: number): Promise<void> {
    const database = join(directory, kind);
    mkdirSync(database);
    const config = join(directory, `${kind}.cfg`);
    const text = readFileSync('test/interop/kamailio/hep-capture.cfg', 'utf8')
      .replace('KAMAILIO_PORT', String(port))
      .replace('SIP_PORT', String(sipPort))
      .replace('DIRECTORY', database);
    writeFileSync(config, text);
    const words = [
      '-f',
      config,
      '-DD',
      '-E',
      '-m',
      '32',
      '-Y',
      database,
      ...(kind === 'hep' ? ['-A', 'CHUNKS'] : []),
    ];
    const collector = spawn('kamailio', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    closers.push(() => collector.kill('SIGTERM'));
    for (const stream of [collector.stdout, collector.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output[kind] += chunk.toString('latin1');
      });
    }
    await waitUntil(
      `Kamailio to listen for ${kind}`,
      () => output[kind].includes('Listening on') || undefined,
    );
  }

  beforeAll(async () => {
    const first = await freeUdpRange(8);
    const [lanPort, wanPort, hepPort, sipPort] = [first, first + 2, first + 4, first + 6];
    await startCollector('sip', sipPort, sipPort);
    await startCollector('hep', hepPort, sipPort);
    pbx = await ScriptedPeer.udp(() => lanPort);
    carrier = await ScriptedPeer.udp(() => wanPort);
    closers.push(pbx.close, carrier.close);
    const uri = ({ port }: ScriptedPeer): string => `sip:127.0.0.1:${port}`;
    const config = JSON.parse(
      await nodeConfig({
        ...{ pbxTarget: uri(pbx), trunkTarget: uri(carrier), lanPort, wanPort, transport: 'udp' },
        rulesBefore: [{ id: 'nobody', mode: 'never', when: {} }],
      }),
    ) as { sip: Record<string, unknown> };
    config.sip['hep'] = { address: '127.0.0.1', port: hepPort, captureId: 4711, password: 'hep key' };
    const node = await RunningNode.start({ config: JSON.stringify(config), directory });
    closers.push(() => node.stop());
    startedAt = Date.now();
    await call();
    captured = await waitUntil('every message at the collectors', () => {
      const chunks = lines(output.hep, 'HEP').map(chunksOf);
      const sip = lines(output.sip, 'SIP');
      // On loopback, from one sender to one receiver, the order stays.
      return sip.length < messages || chunks.length < messages
        ? undefined
        : chunks.map((one, i) => ({ chunks: one, sip: sip[i] ?? '' }));
    });
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
    removeDirectory(directory);
  });

  async function call(): Promise<void> {
    const secrets = ['Authorization: Digest realm="r", response="S3CR3T"', 'X-Secret: S3CR3T'];
    pbx.invite('sip:352123@127.0.0.1', callId, {
      headers: secrets,
      body: audio(4000, '8', 'k=clear:S3CR3T'),
    });
    carrier.respond(await carrier.expect('INVITE'), '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const answer = await pbx.expect('SIP/2.0 200');
    pbx.inDialog('ACK', answer, 'uac', { cseq: 1 });
    await carrier.expect('ACK');
    const headers = ['Content-Type: application/dtmf-relay'];
    pbx.inDialog('INFO', answer, 'uac', { cseq: 2, headers, body: 'Signal=5\r\nDuration=160\r\n' });
    carrier.respond(await carrier.expect('INFO'), '200 OK');
    await pbx.expect('SIP/2.0 200');
    pbx.inDialog('BYE', answer, 'uac', { cseq: 3 });
    const bye = await carrier.expect('BYE');
    carrier.respond(bye, '200 OK');
    await pbx.expect('SIP/2.0 200');
    expect(header(bye, 'Call-ID')).not.toBe(callId);
  }

  function lines(text: string, kind: string): string[] {
    return Array.from(text.matchAll(new RegExp(`<script>: ${kind} (.*)`, 'g')), ([, rest = '']) => rest);
  }

  function chunksOf(line: string): Record<string, string> {
    return Object.fromEntries(
      Array.from(line.matchAll(/(\w+)=(.*?)(?= \w+=|$)/g), ([, key = '', value = '']) => [key, value]),
    );
  }

  it('has a packet for each message of either leg, 100 and ACK included', () => {
    const kinds = captured.map(({ sip }) => sip.split(' ').slice(0, 2).join(' ')).sort();
    expect(kinds).toEqual(
      [
        ...['INVITE 1', 'INVITE 1', '100-INVITE 1', '200-INVITE 1', '200-INVITE 1', 'ACK 1', 'ACK 1'],
        ...['INFO 2', 'INFO 2', '200-INFO 2', '200-INFO 2', 'BYE 3', 'BYE 3', '200-BYE 3', '200-BYE 3'],
      ].sort(),
    );
  });

  it('says what each is: HEP 3, IPv4, UDP, SIP, our capture id and key, and when', () => {
    for (const { chunks } of captured) {
      expect(chunks).toMatchObject({
        ...{ version: '3', family: '2', protocol: '17', type: '1', capture: '4711', key: 'hep key' },
      });
      expect(Math.abs(Number(chunks['seconds']) * 1000 - startedAt)).toBeLessThan(30_000);
    }
  });

  it('says from where to where', () => {
    const lan = (one: Captured): boolean =>
      [one.chunks['source'], one.chunks['destination']].includes(`127.0.0.1:${pbx.port}`);
    const first = captured.find(({ sip }) => sip.startsWith('INVITE'));
    expect(first?.chunks['source']).toBe(`127.0.0.1:${pbx.port}`);
    expect(first?.sip).toContain(`from 127.0.0.1:${pbx.port} `);
    expect(captured.filter(lan)).toHaveLength(8);
    for (const one of captured.filter((each) => !lan(each))) {
      expect([one.chunks['source'], one.chunks['destination']]).toContain(`127.0.0.1:${carrier.port}`);
    }
  });

  it("joins both legs by the caller's Call-ID", () => {
    expect(new Set(captured.map(({ chunks }) => chunks['correlation']))).toEqual(new Set([callId]));
    expect(new Set(captured.map(({ sip }) => / call (\S+)/.exec(sip)?.[1])).size).toBe(2);
  });

  it('has no credential, no key and no digit, in messages whose length is right', () => {
    const all = output.hep + output.sip;
    expect(all).not.toContain('S3CR3T');
    expect(all).not.toContain('Signal');
    expect(output.sip).toContain('k=[removed]');
    expect(output.sip).toContain('HEADERS Digest realm="r", [removed]|[removed]');
    const infos = captured.filter(({ sip }) => sip.startsWith('INFO'));
    for (const { sip } of infos) expect(sip).toMatch(/length 34 body \[application\/dtmf-relay, 24 bytes\]$/);
    expect(output.sip).not.toMatch(/parse_msg|bad message/);
  });
});
