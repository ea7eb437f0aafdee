import { usableIo } from '../../media/open-port.ts';
import { createPeerBook } from '../../signalling/peers.ts';
import { loadPrompts } from '../prompt-library.ts';
import { exitCode } from '../role-messages.ts';
import { certificateFaults } from '../sip-files.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';

const noIo =
  'media.io: libc needs Linux on x86-64 or arm64 and the package koffi, which is not to be had here; say auto or dgram';

/** What loading cannot see: prompt files, certificates, peers that cannot be told apart, and the system. */
export function runtimeFaults(settings: Settings): readonly string[] {
  const prompts = loadPrompts(settings);
  const peers = createPeerBook(settings.config.sip);
  const io = settings.config.media.io;
  return [
    ...(usableIo(io) === null ? [`${settings.source}: ${noIo}`] : []),
    ...(prompts.ok ? [] : prompts.error),
    ...certificateFaults(settings).map((fault) => `${settings.source}: ${fault}`),
    ...(peers.ok ? [] : peers.error.map((fault) => `${settings.source}: ${fault}`)),
  ];
}

/** The configuration was loaded already; looks at the rest and says what is fine. */
export function runCheck(settings: Settings, context: CommandContext): number {
  const faults = runtimeFaults(settings);
  for (const line of [...settings.warnings, ...faults]) context.complain(line);
  if (faults.length > 0) return exitCode.failure;
  const { sip, recording, consent } = settings.config;
  const counts = `${sip.peers.length} peers, ${recording.rules.length} rules, ${consent.prompts.length} prompts`;
  context.print(`${settings.source}: good (${counts})`);
  return exitCode.done;
}
