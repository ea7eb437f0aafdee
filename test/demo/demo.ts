import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { RecordingView } from '../support/api-client.ts';
import { freeTcpPort } from '../support/free-ports.ts';
import { englishPrompt } from '../support/node-config.ts';
import { packageDirectory } from '../support/package-directory.ts';
import { extension, outsideNumber, Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { type ChannelCheck, checkChannels, faultOf, percent } from './channel-check.ts';

// A real call for newcomers: two user agents that know nothing of Onrecord's code talk through it, and what
// it recorded is measured against what they said.

const once = process.argv.includes('--once');
const spokenSeconds = 4;
const directory = resolve('data', `demo-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`);
const token = randomBytes(24).toString('base64url');

interface Outcome {
  readonly recording: RecordingView;
  readonly check: ChannelCheck;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function startScene(): Promise<Scene> {
  mkdirSync(directory, { recursive: true });
  const http = { address: '127.0.0.1', port: await freeTcpPort(8080) };
  const [lanPort, wanPort] = [await freeTcpPort(5060), await freeTcpPort(5062)];
  return Scene.start({ directory, token, lanPort, wanPort, sections: { http } });
}

async function holdCall(scene: Scene): Promise<Outcome> {
  const prompt = readWav(englishPrompt.file).channels[0]!;
  const [low, high] = ['caller', 'callee'].map((name) =>
    readWav(join(packageDirectory, `fixtures/voices/${name}.wav`)).channels[0]!.subarray(
      0,
      spokenSeconds * 8000,
    ),
  ) as [Int16Array, Int16Array];

  const [calling, called] = await scene.placeCall();
  say(`  2. Extension ${extension} calls ${outsideNumber} through the proxy: answered.`);
  await new Promise((resolve) => setTimeout(resolve, (prompt.length / 8000) * 1000 + 400));
  await Promise.all([calling.rtp.play(low), called.rtp.play(high)]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await calling.hangUp();
  await called.ended;

  // Measured now and not before: it takes time that the user agents need to speak in.
  for (const [party, call] of [
    ['caller', calling],
    ['callee', called],
  ] as const) {
    const { correlation } = align(call.rtp.heard(), prompt, 0, 16_000);
    if (correlation < 0.95) throw new Error(`the ${party} did not hear the whole announcement`);
  }
  say(`  3. Both parties heard: "${englishPrompt.text}"`);
  say(`  4. Each spoke for ${spokenSeconds} seconds in a voice of its own, then the caller hung up.`);

  const recording = await scene.recording('sealed', 'failed', 'none', 'interrupted');
  if (recording.state !== 'sealed')
    throw new Error(`the recording ended ${recording.state}: ${recording.reason ?? ''}`);
  const { channels } = readWav(await scene.node.api.audio(recording.id));
  const check = checkChannels(channels, { caller: low, callee: high });
  const fault = faultOf(check);
  if (fault !== null) throw new Error(fault);
  return { recording, check };
}

function report(scene: Scene, { recording, check }: Outcome): void {
  const seconds = ((recording.durationMs ?? 0) / 1000).toFixed(1);
  say(
    `  5. Recorded: ${seconds} s, ${recording.channels} ${recording.format.toUpperCase()}, encrypted at rest.`,
  );
  say(
    `     Left channel:  the caller (match ${percent(check.left.caller)}; the callee's voice ${percent(check.left.callee)}).`,
  );
  say(
    `     Right channel: the callee (match ${percent(check.right.callee)}; the caller's voice ${percent(check.right.caller)}).`,
  );
  const { url } = scene.node.api;
  say(`
  Recording  ${recording.id}, kept as an age file under ${relative('.', directory)}/data
  API        ${url}/api/v1 (described in ${url}/openapi.json)
  Log in     with this token, good for this demo only: ${token}
  Listen     curl -H "Authorization: Bearer ${token}" -o call.wav ${url}/api/v1/recordings/${recording.id}/audio
`);
}

function jsonLine({ recording, check }: Outcome): string {
  const { id, callId, durationMs, channels, format, state, sha256 } = recording;
  return JSON.stringify({
    recordingId: id,
    callId,
    durationMs,
    channels,
    format,
    state,
    sha256,
    left: { party: 'caller', match: check.left.caller },
    right: { party: 'callee', match: check.right.callee },
  });
}

async function untilInterrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

async function run(): Promise<void> {
  say('Onrecord demo: one real call, announced, recorded and checked.\n');
  const scene = await startScene();
  say(
    `  1. Onrecord runs on 127.0.0.1: SIP on ports ${scene.lanPort} (PBX) and ${scene.wanPort} (trunk), database embedded.`,
  );
  let outcome: Outcome;
  try {
    outcome = await holdCall(scene);
    report(scene, outcome);
    if (!once) {
      say('Onrecord stays up. Ctrl-C ends it.');
      await untilInterrupted();
      say('\nStopping.');
    }
  } finally {
    writeFileSync(join(directory, 'onrecord.log'), scene.node.output);
    await scene.stop();
  }
  if (once) say(jsonLine(outcome));
}

try {
  await run();
} catch (error) {
  const [sentence] = (error instanceof Error ? error.message : String(error)).split('\n');
  process.stderr.write(
    `\nThe demo failed: ${sentence ?? ''}. Its files are in ${relative('.', directory)}.\n`,
  );
  process.exitCode = 1;
}
