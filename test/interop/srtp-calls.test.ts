import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentCall } from '../support/agent/agent.ts';
import { Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from '../end-to-end/voices.ts';

const low = voice('caller', 0, 1.5);
const high = voice('callee', 0, 1.5);

/** A PBX that talks SRTP alone, a trunk that has never heard of it; prompts by the node. */
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start({ pbx: { isSecure: true }, pbxPeer: { srtp: 'require' } });
});
afterAll(() => scene.stop());

describe('a secure PBX behind a plain trunk', () => {
  const talk = async ([calling, called]: readonly [AgentCall, AgentCall]): Promise<Int16Array[]> => {
    await scene.recording('recording');
    await Promise.all([calling.rtp.play(low), called.rtp.play(high)]);
    await after(200);
    await calling.hangUp();
    await called.ended;
    const { id } = await scene.recording('sealed');
    return readWav(await scene.node.api.audio(id)).channels as Int16Array[];
  };
  const isHeard = (sound: Int16Array, said: Int16Array): void => {
    expect(align(sound, said).correlation).toBeGreaterThan(0.95);
  };

  it.each([
    ['calls', () => scene.placeCall()],
    ['is called', () => scene.placeInboundCall()],
  ] as const)(
    '%s: each hears the other, prompt and speech, and the recording has both',
    async (_name, place) => {
      const [calling, called] = await place();
      const secure = calling.rtp.security === null ? called : calling;
      const plain = secure === calling ? called : calling;
      expect([secure.rtp.security === null, plain.rtp.security === null]).toEqual([false, true]);
      const [left, right] = await talk([calling, called]);
      isHeard(calling.rtp.heard(), high);
      isHeard(called.rtp.heard(), low);
      isHeard(left!, low);
      isHeard(right!, high);
      // Every packet from the first on, the prompt's too, had a tag that holds; the wire of the other side had none.
      expect([secure.rtp.forged, plain.rtp.forged]).toEqual([0, 0]);
      expect(secure.rtp.received.length).toBeGreaterThan(100);
      expect(new Set(plain.rtp.received.map(({ payload }) => payload.length))).toEqual(new Set([160]));
    },
  );
});
