import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../support/processes.ts';

/** As baresip names them: name, sampling rate, channels. */
const codecNames = {
  PCMA: 'PCMA/8000/1',
  PCMU: 'PCMU/8000/1',
  G722: 'G722/16000/1',
  Opus: 'opus/48000/2',
} as const;

export type BaresipCodec = keyof typeof codecNames;

export interface BaresipPlan {
  /** A folder for it to make, with its configuration. */
  readonly directory: string;
  /** What to put before the command, such as `ip netns exec`. */
  readonly within: readonly string[];
  readonly user: string;
  readonly address: string;
  /** WAV of the codec’s own rate and channels: what it says once it is in a call. */
  readonly voiceFile: string;
  readonly codec: BaresipCodec;
  /** Absent: UDP. */
  readonly transport?: 'tcp' | 'tls';
  /** PEM files for TLS, on port 5061: its certificate with its key, and the authority that it trusts. */
  readonly certificate?: { readonly file: string; readonly authority: string };
  /** SRTP with keys in SDP: in RTP/AVP, where the other side may pass them over, or in RTP/SAVP. */
  readonly srtp?: 'offered' | 'mandatory';
  /** Whom to call; absent: it answers. */
  readonly dial?: string;
}

/** baresip 1.0 with a voice from a file and no loudspeaker. */
export class Baresip {
  readonly #child: ChildProcess;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-20_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  static async start(plan: BaresipPlan): Promise<Baresip> {
    mkdirSync(plan.directory);
    writeFileSync(join(plan.directory, 'config'), configuration(plan));
    writeFileSync(join(plan.directory, 'accounts'), account(plan));
    writeFileSync(join(plan.directory, 'contacts'), '');
    const words = [...plan.within, 'baresip', '-4', '-f', plan.directory];
    if (plan.dial !== undefined) words.push('-e', `/dial ${plan.dial}`);
    const [program = 'baresip', ...rest] = words;
    const agent = new Baresip(spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] }));
    await waitUntil('baresip to be ready', () => {
      if (agent.#hasEnded()) throw new Error(`baresip ended:\n${agent.output}`);
      return agent.output.includes('baresip is ready') || undefined;
    });
    return agent;
  }

  get output(): string {
    return this.#output;
  }

  /** Hangs up and ends. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    try {
      await waitUntil('baresip to end', () => this.#hasEnded() || undefined);
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** Without a module that plays sound nothing is played. */
function configuration({ address, voiceFile, certificate, srtp }: BaresipPlan): string {
  return [
    'module_path /usr/lib/baresip/modules',
    `sip_listen ${address}:5060`,
    ...(certificate === undefined
      ? []
      : [`sip_certificate ${certificate.file}`, `sip_cafile ${certificate.authority}`]),
    'net_interface eth0',
    `audio_source aufile,${voiceFile}`,
    'audio_alert none',
    // One line of counts at the end of a call.
    'rtp_stats yes',
    ...['g711', 'g722', 'opus'].map((codec) => `module ${codec}.so`),
    'module aufile.so',
    ...(srtp === undefined ? [] : ['module srtp.so']),
    'module_app account.so',
    'module_app menu.so',
    '',
  ].join('\n');
}

function account({ user, address, codec, dial, transport, srtp }: BaresipPlan): string {
  const mode = dial === undefined ? ';answermode=auto' : '';
  const by = transport === undefined ? '' : `;transport=${transport}`;
  const secure = srtp === undefined ? '' : `;mediaenc=${srtp === 'offered' ? 'srtp' : 'srtp-mand'}`;
  return `<sip:${user}@${address}${by}>;regint=0;ptime=20;audio_codecs=${codecNames[codec]}${mode}${secure}
`;
}
