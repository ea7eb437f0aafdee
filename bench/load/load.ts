import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadCall, Signaller, Talk } from './call.ts';
import type { LoadEvent, LoadFigures, LoadOptions, PortsOfCall } from './load-options.ts';
import { sleepMicroseconds, sleepPrecisely } from './native.ts';
import { NgSignaller } from './ng-signaller.ts';
import { type Heard, RtpParties } from './rtp-parties.ts';
import { SipSignaller } from './sip-signaller.ts';

/**
 * Real calls and real RTP against whoever relays, from a process of its own. It imports nothing of the product.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
/** A thread that has slept longer serves its loop again. */
const longestSleepMs = 1;
/** What is nearer than this is not worth a sleep. */
const shortestSleepMs = 0.03;
const lastPacketsMs = 500;

const parties = new RtpParties();
const talk: Talk = (party, port) => {
  if (port !== 0) parties.talk(party, port);
};
const calls: LoadCall[] = [];
let running = true;

/** Sends to the microsecond: timers of the loop are too coarse, so the thread sleeps between its turns. */
function runMedia(): void {
  const now = performance.now();
  const left = parties.send(now);
  parties.receive();
  const sleepMs = Math.min(longestSleepMs, left - (performance.now() - now));
  if (sleepMs > shortestSleepMs) sleepMicroseconds(1000 * (sleepMs - shortestSleepMs / 2));
  if (running) setImmediate(runMedia);
}

async function signallerOf(): Promise<Signaller> {
  switch (options.signalling.kind) {
    case 'sip':
      return SipSignaller.start(options.signalling, talk);
    case 'ng':
      return NgSignaller.start(options.signalling, talk);
    case 'told':
      return { place: () => Promise.resolve(), end: () => Promise.resolve() };
  }
}

function openCall(index: number): LoadCall {
  const caller = parties.open((number) => number + 1);
  const callee = parties.open((number) => number - 1);
  return { id: `b${process.pid}x${index}`, caller, callee, state: 'calling' };
}

/** A bare relay has no signalling: the bench carries the ports to and fro. */
async function beTold(): Promise<void> {
  say({ type: 'parties', ports: calls.map(({ caller, callee }) => [caller.port, callee.port]) });
  const [remotes] = (await once(process, 'message')) as [readonly PortsOfCall[]];
  for (const [index, call] of calls.entries()) {
    const [caller, callee] = remotes[index] ?? [0, 0];
    talk(call.caller, caller);
    talk(call.callee, callee);
    call.state = 'up';
  }
}

function figuresOf(heard: Heard, cpuPercent: number): LoadFigures {
  const { delays, lateness } = heard;
  return {
    callsUp: calls.filter(({ state }) => state === 'up').length,
    callsFailed: calls.filter(({ state }) => state !== 'up').length,
    packetsSent: heard.sent,
    packetsDue: heard.due,
    packetsReceived: heard.received,
    packetsForeign: heard.foreign,
    delayP50: delays.at(0.5),
    delayP99: delays.at(0.99),
    delayP999: delays.at(0.999),
    delayMax: delays.max,
    lateP999: lateness.at(0.999),
    cpuPercent,
  };
}

function say(event: LoadEvent): void {
  process.send?.(event);
}

for (let index = 0; index < options.calls; index++) calls.push(openCall(index));
const signaller = await signallerOf();
sleepPrecisely();
runMedia();
if (options.signalling.kind === 'told') await beTold();
for (const call of calls) {
  await signaller.place(call);
  if (options.signalling.kind !== 'told') await sleep(1000 / options.rate);
}
await sleep(options.settleSeconds * 1000);
say({ type: 'up', calls: calls.filter(({ state }) => state === 'up').length });
const before = process.cpuUsage();
parties.start();
await sleep(options.seconds * 1000);
const heard = parties.stop();
const { user, system } = process.cpuUsage(before);
say({ type: 'measured' });
await sleep(lastPacketsMs);
const figures = figuresOf(heard, (user + system) / 1e4 / options.seconds);
await signaller.end(calls.filter(({ state }) => state === 'up'));
running = false;
say({ type: 'done', figures });
process.exit(0);
