import type { RecordingView } from './api-client.ts';
import type { Scene } from './scene.ts';
import { align } from './sound.ts';
import { readWav } from './wav-file.ts';

export interface CrashRound {
  readonly recording: RecordingView;
  /** From the last spoken sample that the recording holds to the kill, in ms. */
  readonly missingMs: number;
  /** How well the recording's end agrees with what was said there, caller and callee. */
  readonly correlation: readonly [number, number];
}

/**
 * `kill -9` of every process in mid-call, `talkMs` after the recording began to hear speech, then a start on
 * the same data: what is left of the recording, without anybody's help. Needs `announce: elsewhere`.
 */
export async function crashRound(
  scene: Scene,
  voices: readonly [caller: Int16Array, callee: Int16Array],
  talkMs: number,
): Promise<CrashRound> {
  const [calling, called] = await scene.placeCall();
  const speaking = [calling.rtp.play(voices[0]), called.rtp.play(voices[1])];
  await new Promise((resolve) => setTimeout(resolve, talkMs));
  const said = [calling.rtp.said(), called.rtp.said()] as const;
  await scene.node.kill();
  calling.rtp.quiet();
  called.rtp.quiet();
  await Promise.all(speaking);
  calling.closeMedia();
  called.closeMedia();
  await scene.restart();
  const recording = await scene.recording('interrupted', 'failed', 'none');
  if (recording.state !== 'interrupted')
    return { recording, missingMs: Number.POSITIVE_INFINITY, correlation: [0, 0] };
  const { channels } = readWav(await scene.node.api.audio(recording.id));
  const found = said.map((samples, side) => lastHeard(channels[side]!, samples));
  return {
    recording,
    missingMs: Math.max(...found.map(({ missingMs }) => missingMs)),
    correlation: [found[0]!.correlation, found[1]!.correlation],
  };
}

/** Where the recording's last half second lies in what was said, and how much was said after it. */
function lastHeard(
  channel: Int16Array,
  said: Int16Array,
): { readonly missingMs: number; readonly correlation: number } {
  const end = channel.subarray(Math.max(0, channel.length - 4000));
  const { lag, correlation } = align(said, end, 0, Math.max(0, said.length - end.length));
  return { missingMs: (said.length - lag - end.length) / 8, correlation };
}
