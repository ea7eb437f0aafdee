import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedPeer } from '../signalling/scripted-peer.ts';
import type { CallView } from '../support/api-client.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { removeDirectory, RunningNode } from '../support/node.ts';
import { nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';

interface Version {
  readonly version: string;
  readonly actor: string;
  readonly changes: readonly string[];
}

// One node whose rules change while it runs, and peers whose calls are refused: what is decided stands in their records.
let node: RunningNode;
let pbx: ScriptedPeer;
let carrier: ScriptedPeer;
let config = '';

beforeAll(async () => {
  const lanPort = await freeUdpRange(4);
  const wanPort = lanPort + 2;
  pbx = await ScriptedPeer.udp(() => lanPort);
  carrier = await ScriptedPeer.udp(() => wanPort);
  const target = ({ port }: ScriptedPeer): string => `sip:127.0.0.1:${port}`;
  config = await nodeConfig({
    ...{ pbxTarget: target(pbx), trunkTarget: target(carrier), lanPort, wanPort, transport: 'udp' },
  });
  node = await RunningNode.start({ config });
});
afterAll(async () => {
  pbx.close();
  carrier.close();
  await node.stop();
  removeDirectory(node.directory);
});

/** Sends an INVITE on; resolves with what refuses it. */
async function ring(sipCallId: string, number: string): Promise<() => Promise<CallView>> {
  pbx.invite(`sip:${number}@127.0.0.1`, sipCallId);
  const arrived = await carrier.expect('INVITE');
  return async () => {
    carrier.respond(arrived, '486 Busy Here', { tag: 'bob' });
    pbx.inDialog('ACK', await pbx.expect('SIP/2.0 486'), 'uac', { cseq: 1 });
    return waitUntil('the call in the database', async () =>
      (await node.api.calls()).find(
        ({ endedAt, legs }) => endedAt !== null && legs.some((leg) => leg.sipCallId === sipCallId),
      ),
    );
  };
}

const call = async (sipCallId: string, number: string): Promise<CallView> =>
  (await ring(sipCallId, number))();

async function versions(): Promise<readonly Version[]> {
  const reply = await node.api.request('/api/v1/policy/versions');
  return ((await reply.json()) as { items: readonly Version[] }).items;
}

function post(path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return node.api.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

function configure(change: (text: string) => string): void {
  writeFileSync(node.configFile, change(config));
}

describe('a running node', () => {
  it('keeps with each call the version of the rules that it was decided by', async () => {
    const first = await waitUntil('the first version', async () => (await versions())[0]);
    expect(first).toMatchObject({ actor: 'start', changes: ['the first policy of this node'] });
    const decided = { ruleId: 'everything', policyVersion: first.version, notRecorded: null };
    expect(await call('before', '+352621000000')).toMatchObject(decided);
    const up = await ring('across', '+352621000000');
    configure((text) => text.replace('"mode": "automatic"', '"mode": "never"'));
    process.kill(node.pid, 'SIGHUP');
    const [second] = await waitUntil('the second version', async () => {
      const all = await versions();
      return all.length > 1 ? all : undefined;
    });
    expect(second).toMatchObject({ actor: 'signal', changes: ['rules: everything changed (mode)'] });
    expect(await up()).toMatchObject(decided);
    const after = { ruleId: 'everything', policyVersion: second?.version, notRecorded: 'never' };
    expect(await call('after', '+352621000000')).toMatchObject(after);
    configure((text) => text);
    expect((await post('/api/v1/policy/reload', {})).status).toBe(200);
    expect((await call('again', '+352621000000')).policyVersion).toBe(first.version);
  });

  it('changes nothing by a configuration that is not valid, and names file, line and mend', async () => {
    const before = await versions();
    configure((text) => text.replace('"purpose": "quality",\n        "announce"', '"announce"'));
    const line = readFileSync(node.configFile, 'utf8').split('"rules"')[0]?.split('\n').length ?? 0;
    const reply = await post('/api/v1/policy/reload', {});
    expect(reply.status).toBe(422);
    expect(await reply.json()).toMatchObject({
      code: 'policy-refused',
      errors: [
        {
          path: `${node.configFile}:${line + 1}`,
          message: 'recording.rules[0]: records without a purpose; name one of `purposes`',
        },
      ],
    });
    configure((text) => text.replace('"drainSeconds": 0', '"drainSeconds": 1'));
    expect(await (await post('/api/v1/policy/reload', {})).json()).toHaveProperty(
      'errors[0].message',
      expect.stringMatching(/^node\.drainSeconds: is taken up at a restart alone/),
    );
    expect(await versions()).toEqual(before);
    configure((text) => text);
  });

  it('records no number of the do-not-record list, from the moment in which it is listed', async () => {
    expect((await post('/api/v1/do-not-record', { number: '+352 691 000 000' })).status).toBe(200);
    const listed = await call('listed', '00352691000000');
    expect(listed).toMatchObject({ ruleId: 'everything', notRecorded: 'do-not-record', recordings: [] });
    expect((await call('other', '+352691000001')).notRecorded).toBeNull();
    expect(node.output).not.toContain('691000000');
  });

  it('explains what it would do', async () => {
    const { stdout, code } = await node.run(
      ...['policy', 'explain', '--direction', 'outbound', '--from', '101', '--to', '+352621000000'],
    );
    expect([code, stdout.split('\n')[0]]).toEqual([0, '  everything: yes']);
  });
});
