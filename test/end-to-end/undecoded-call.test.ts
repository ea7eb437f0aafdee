import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPcap } from '../recording/pcap.ts';
import type { RecordingView } from '../support/api-client.ts';
import { decodeG711 } from '../support/agent/g711.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { after, voice } from './voices.ts';

/** Both agents speak A-law, and say that it is something else. */
const alias = { payloadType: 97, encoding: 'X-SECRET/8000' };
const agent = { laws: ['pcma'] as const, alias };

describe('a call in a codec that nobody here decodes', () => {
  let scene: Scene;
  let recording: RecordingView;
  let heard: Int16Array;
  const speech = voice('caller', 0, 2);

  beforeAll(async () => {
    scene = await Scene.start({ rule: announcedElsewhere, pbx: agent, trunk: agent });
    const [calling, called] = await scene.placeCall();
    await scene.recording('recording');
    await calling.rtp.play(speech);
    await after(200);
    await calling.hangUp();
    await called.ended;
    heard = decodeG711(
      'pcma',
      Buffer.concat(
        called.rtp.received.filter(({ payloadType }) => payloadType === 97).map(({ payload }) => payload),
      ),
    );
    recording = await scene.recording('sealed');
  });
  afterAll(() => scene.stop());

  const audio = (query: string): Promise<Response> =>
    fetch(`${scene.node.ready.http}/api/v1/recordings/${recording.id}/audio${query}`, {
      headers: { authorization: `Bearer ${scene.node.token}` },
    });

  it('passes, and its row says that it is undecoded', () => {
    expect(align(heard, speech).correlation).toBeGreaterThan(0.95);
    expect(recording).toMatchObject({ state: 'sealed', reason: 'undecoded' });
    const [caller] = recording.ledger ?? [];
    expect(caller?.receivedMs).toBeGreaterThan(0.9 * recording.durationMs!);
  });

  it('is kept as its packets, with the SDP that names them', async () => {
    const reply = await audio('?format=pcap');
    expect(reply.status).toBe(200);
    const packets = readPcap(Buffer.from(await reply.arrayBuffer()));
    const descriptions = packets.filter(({ port }) => port === 9875).map(({ payload }) => payload.toString());
    expect(descriptions[0]).toContain('a=rtpmap:97 X-SECRET/8000');
    const caller = packets.filter(({ port, from }) => port === 5004 && from === 1);
    const said = decodeG711('pcma', Buffer.concat(caller.map(({ payload }) => payload.subarray(12))));
    expect(align(said, speech).correlation).toBeGreaterThan(0.95);
  });

  it('a conversion says that there is none', async () => {
    expect(await (await audio('?format=wav')).json()).toMatchObject({ status: 501 });
  });
});
