import type { RecordingView } from '../support/api-client.ts';
import { voice } from '../end-to-end/voices.ts';
import type { Scene } from '../support/scene.ts';

/** One call in which both sides talk for `seconds`, announced elsewhere, and the recording that it left. */
export async function talk(scene: Scene, seconds: number): Promise<RecordingView> {
  const [calling, called] = await scene.placeCall();
  await Promise.all([
    calling.rtp.play(voice('caller', 0, seconds)),
    called.rtp.play(voice('callee', 0, seconds)),
  ]);
  await calling.hangUp();
  await called.ended;
  return scene.recording('sealed');
}
