import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadEvent, LoadFigures, LoadOptions } from './load-options.ts';

/**
 * Real SIP and real RTP against a running node, from a process of its own. It imports nothing of the
 * product: both user agents are written down as text, which is enough for a peer that behaves.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const host = '127.0.0.1';
const payloadBytes = 160;
const ptimeMs = 20;

interface Party {
  readonly rtp: Socket;
  readonly port: number;
  remotePort: number;
  sequence: number;
  readonly packet: Buffer;
}

interface Call {
  readonly id: string;
  readonly caller: Party;
  readonly callee: Party;
  state: 'calling' | 'up' | 'failed' | 'over';
  toTag: string;
  contact: string;
}

const delays: number[] = [];
let sent = 0;
let received = 0;
let measuring = false;

async function openParty(): Promise<Party> {
  const rtp = createSocket('udp4');
  rtp.bind(0, host);
  await once(rtp, 'listening');
  rtp.on('message', (packet) => {
    if (!measuring || packet.length < 20) return;
    received += 1;
    delays.push(performance.now() - packet.readDoubleLE(12));
  });
  const packet = Buffer.alloc(12 + payloadBytes, 0x55);
  packet[0] = 0x80;
  packet[1] = 8;
  packet.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 8);
  return { rtp, port: rtp.address().port, remotePort: 0, sequence: 0, packet };
}

function sendRtp(party: Party): void {
  if (party.remotePort === 0) return;
  party.sequence = (party.sequence + 1) & 0xffff;
  party.packet.writeUInt16BE(party.sequence, 2);
  party.packet.writeUInt32BE((party.sequence * payloadBytes) >>> 0, 4);
  party.packet.writeDoubleLE(performance.now(), 12);
  party.rtp.send(party.packet, party.remotePort, host);
  if (measuring) sent += 1;
}

function sdp(port: number): string {
  return `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`;
}

const audioPort = (message: string): number => Number(/^m=audio (\d+)/m.exec(message)?.[1] ?? 0);
const header = (message: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)\\r$`, 'im').exec(message)?.[1] ?? '';

const calls = new Map<string, Call>();
const byNodeCallId = new Map<string, Call>();
const callerSip = createSocket('udp4');
const calleeSip = createSocket('udp4');

function callerRequest(method: string, call: Call, cseq: number, body = ''): string {
  const uri = call.contact === '' ? `sip:${call.id}@${host}:${options.pbxListener}` : call.contact;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:${options.callerPort};branch=z9hG4bK${call.id}${method}${cseq};rport`,
    'Max-Forwards: 70',
    `From: <sip:bench@${host}>;tag=${call.id}`,
    `To: <sip:${call.id}@${host}>${call.toTag}`,
    `Call-ID: ${call.id}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:bench@${host}:${options.callerPort}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

const toPbxListener = (text: string): void => {
  callerSip.send(text, options.pbxListener, host);
};

function onCallerMessage(message: string): void {
  const call = calls.get(header(message, 'Call-ID'));
  if (call === undefined) return;
  const status = Number(/^SIP\/2\.0 (\d+)/.exec(message)?.[1] ?? 0);
  if (!header(message, 'CSeq').endsWith('INVITE') || status < 200) return;
  if (status >= 300) {
    call.state = 'failed';
    return;
  }
  call.toTag = /;tag=[^;\r]+/.exec(header(message, 'To'))?.[0] ?? '';
  call.contact = /<([^>]+)>/.exec(header(message, 'Contact'))?.[1] ?? '';
  toPbxListener(callerRequest('ACK', call, 1));
  call.caller.remotePort = audioPort(message);
  if (call.state === 'calling') call.state = 'up';
}

function answer(request: string, status: string, extra: readonly string[], body = ''): string {
  const copied = request.split('\r\n').filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line));
  const to = header(request, 'To');
  return [
    `SIP/2.0 ${status}`,
    ...copied,
    `To: ${to}${to.includes(';tag=') ? '' : ';tag=callee'}`,
    ...extra,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

function onCalleeMessage(message: string, port: number): void {
  const reply = (text: string): void => {
    calleeSip.send(text, port, host);
  };
  if (message.startsWith('INVITE ')) {
    const call = calls.get(/^INVITE sip:([^@;>]+)@/.exec(message)?.[1] ?? '');
    if (call === undefined) return;
    byNodeCallId.set(header(message, 'Call-ID'), call);
    call.callee.remotePort = audioPort(message);
    const contact = [`Contact: <sip:callee@${host}:${options.calleePort}>`, 'Content-Type: application/sdp'];
    reply(answer(message, '200 OK', contact, sdp(call.callee.port)));
    return;
  }
  if (message.startsWith('BYE ')) reply(answer(message, '200 OK', []));
}

async function place(index: number): Promise<Call> {
  const id = `b${process.pid}x${index}`;
  const call: Call = {
    id,
    caller: await openParty(),
    callee: await openParty(),
    state: 'calling',
    toTag: '',
    contact: '',
  };
  calls.set(id, call);
  toPbxListener(callerRequest('INVITE', call, 1, sdp(call.caller.port)));
  return call;
}

/** Sends what is due each 5 ms; each party has its own phase within the 20 ms. */
function startMedia(): NodeJS.Timeout {
  const started = performance.now();
  let ticks = 0;
  return setInterval(() => {
    const due = Math.floor((performance.now() - started) / (ptimeMs / 4));
    for (; ticks < due; ticks++) {
      let index = 0;
      for (const call of calls.values()) {
        if (call.state === 'up' && index++ % 4 === ticks % 4) {
          sendRtp(call.caller);
          sendRtp(call.callee);
        }
      }
    }
  }, ptimeMs / 4);
}

function figures(): LoadFigures {
  delays.sort((a, b) => a - b);
  const at = (share: number): number =>
    delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? 0;
  const states = Array.from(calls.values(), ({ state }) => state);
  return {
    callsUp: states.filter((state) => state === 'up').length,
    callsFailed: states.filter((state) => state !== 'up').length,
    packetsSent: sent,
    packetsReceived: received,
    delayP50: at(0.5),
    delayP99: at(0.99),
    delayP999: at(0.999),
    delayMax: at(1),
  };
}

function say(event: LoadEvent): void {
  process.send?.(event);
}

callerSip.bind(options.callerPort, host);
calleeSip.bind(options.calleePort, host);
await Promise.all([once(callerSip, 'listening'), once(calleeSip, 'listening')]);
callerSip.on('message', (message) => {
  onCallerMessage(message.toString('latin1'));
});
calleeSip.on('message', (message, { port }) => {
  onCalleeMessage(message.toString('latin1'), port);
});

const media = startMedia();
for (let i = 0; i < options.calls; i++) {
  await place(i);
  await sleep(1000 / options.rate);
}
// The announcement is over before anything is measured.
await sleep(8000);
say({ type: 'up', calls: Array.from(calls.values()).filter(({ state }) => state === 'up').length });
measuring = true;
await sleep(options.seconds * 1000);
const stopSending = sent;
clearInterval(media);
await sleep(500);
measuring = false;
const result = { ...figures(), packetsSent: stopSending };
for (const call of calls.values()) {
  if (call.state === 'up') toPbxListener(callerRequest('BYE', call, 2));
}
await sleep(2000);
say({ type: 'done', figures: result });
process.exit(0);
