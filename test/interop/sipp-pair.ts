import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeG711 } from '../support/agent/g711.ts';
import { tone } from '../support/sound.ts';

/** One caller's and one callee's SIPp, whose calls pass through the node, each side with a tone of its own. */
export interface PairPlan {
  readonly directory: string;
  readonly group: number;
  readonly calls: number;
  readonly callsPerTwoSeconds: number;
  readonly callerPort: number;
  readonly calleePort: number;
  /** Where SIPp's own RTP ports begin, caller and callee. */
  readonly mediaPorts: readonly [number, number];
  readonly proxyPort: number;
  readonly hertz: readonly [caller: number, callee: number];
  /** Silence between ACK and the tone, for the announcement. */
  readonly waitMs: number;
  readonly talkMs: number;
}

export interface PairResult {
  readonly group: number;
  /** SIPp's exit codes: 0 when every call went well. */
  readonly codes: readonly [caller: number | null, callee: number | null];
  readonly output: string;
}

const timeoutSeconds = 120;

/** Runs both to their end. SIPp 3.6 plays raw G.711 by `rtp_stream`, each call under an SSRC of its own. */
export async function runPair(plan: PairPlan): Promise<PairResult> {
  const callee = start(plan, 'callee', plan.calleePort, plan.mediaPorts[1], plan.hertz[1], []);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const caller = start(plan, 'caller', plan.callerPort, plan.mediaPorts[0], plan.hertz[0], [
    `127.0.0.1:${plan.proxyPort}`,
    ...['-s', `9${plan.group}`, '-r', String(plan.callsPerTwoSeconds), '-rp', '2000'],
  ]);
  const codes = await Promise.all([ended(caller), ended(callee)]);
  return {
    group: plan.group,
    codes: [codes[0].code, codes[1].code],
    output: codes.map(({ output }) => output.slice(-2000)).join('\n'),
  };
}

/** One phase of a tone that is whole after a second, as raw A-law. */
function start(
  plan: PairPlan,
  side: 'caller' | 'callee',
  port: number,
  mediaPort: number,
  hertz: number,
  more: readonly string[],
): ChildProcess {
  const name = `${side}-${plan.group}`;
  const toneFile = join(plan.directory, `${name}.alaw`);
  writeFileSync(toneFile, encodeG711('pcma', tone(hertz, 4)));
  const scenario = readFileSync(`test/interop/sipp/${side}.xml`, 'utf8')
    .replaceAll('TONE_FILE', toneFile)
    .replaceAll('WAIT_MS', String(plan.waitMs))
    .replaceAll('TALK_MS', String(plan.talkMs))
    .replaceAll('CALLER_PREFIX', `70${plan.group}`);
  const scenarioFile = join(plan.directory, `${name}.xml`);
  writeFileSync(scenarioFile, scenario);
  // The load generators share the node's cores, which they would not in earnest, so they give way.
  return spawn(
    'nice',
    [
      ...['-n', '10', 'sipp', ...more],
      ...[
        '-sf',
        scenarioFile,
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-mi',
        '127.0.0.1',
        '-mp',
        String(mediaPort),
      ],
      ...[
        '-m',
        String(plan.calls),
        '-nostdin',
        '-timeout',
        `${timeoutSeconds}s`,
        '-timeout_error',
        '-trace_err',
      ],
    ],
    { cwd: plan.directory, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TERM: 'dumb' } },
  );
}

function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly output: string }> {
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve({ code, output });
    });
  });
}
