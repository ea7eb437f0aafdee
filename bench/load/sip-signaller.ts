import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { audioPort, host, type LoadCall, sdpOf, type Signaller, type Talk } from './call.ts';
import type { Signalling } from './load-options.ts';

interface Dialog {
  readonly call: LoadCall;
  toTag: string;
  contact: string;
}

const header = (message: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)\\r$`, 'im').exec(message)?.[1] ?? '';

/** Both user agents, written down as text: enough for a peer that behaves. */
export class SipSignaller implements Signaller {
  readonly #ports: Extract<Signalling, { readonly kind: 'sip' }>;
  readonly #talk: Talk;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #caller: Socket;
  readonly #callee: Socket;

  private constructor(ports: Extract<Signalling, { readonly kind: 'sip' }>, talk: Talk) {
    this.#ports = ports;
    this.#talk = talk;
    this.#caller = createSocket('udp4');
    this.#callee = createSocket('udp4');
    this.#caller.on('message', (message) => {
      this.#onCaller(message.toString('latin1'));
    });
    this.#callee.on('message', (message, { port }) => {
      this.#onCallee(message.toString('latin1'), port);
    });
  }

  static async start(
    ports: Extract<Signalling, { readonly kind: 'sip' }>,
    talk: Talk,
  ): Promise<SipSignaller> {
    const signaller = new SipSignaller(ports, talk);
    signaller.#caller.bind(ports.callerPort, host);
    signaller.#callee.bind(ports.calleePort, host);
    await Promise.all([once(signaller.#caller, 'listening'), once(signaller.#callee, 'listening')]);
    return signaller;
  }

  place(call: LoadCall): Promise<void> {
    const dialog = { call, toTag: '', contact: '' };
    this.#dialogs.set(call.id, dialog);
    this.#toNode(this.#request('INVITE', dialog, 1, sdpOf(call.caller)));
    return Promise.resolve();
  }

  async end(calls: readonly LoadCall[]): Promise<void> {
    for (const { id } of calls) {
      const dialog = this.#dialogs.get(id);
      if (dialog !== undefined) this.#toNode(this.#request('BYE', dialog, 2));
    }
    await sleep(2000);
  }

  #toNode(text: string): void {
    this.#caller.send(text, this.#ports.pbxListener, host);
  }

  #request(method: string, dialog: Dialog, cseq: number, body = ''): string {
    const { id } = dialog.call;
    const { pbxListener, callerPort } = this.#ports;
    const uri = dialog.contact === '' ? `sip:${id}@${host}:${pbxListener}` : dialog.contact;
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${host}:${callerPort};branch=z9hG4bK${id}${method}${cseq};rport`,
      'Max-Forwards: 70',
      `From: <sip:bench@${host}>;tag=${id}`,
      `To: <sip:${id}@${host}>${dialog.toTag}`,
      `Call-ID: ${id}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:bench@${host}:${callerPort}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
  }

  #onCaller(message: string): void {
    const dialog = this.#dialogs.get(header(message, 'Call-ID'));
    if (dialog === undefined) return;
    const { call } = dialog;
    const status = Number(/^SIP\/2\.0 (\d+)/.exec(message)?.[1] ?? 0);
    if (!header(message, 'CSeq').endsWith('INVITE') || status < 200) return;
    if (status >= 300) {
      call.state = 'failed';
      return;
    }
    dialog.toTag = /;tag=[^;\r]+/.exec(header(message, 'To'))?.[0] ?? '';
    dialog.contact = /<([^>]+)>/.exec(header(message, 'Contact'))?.[1] ?? '';
    this.#toNode(this.#request('ACK', dialog, 1));
    this.#talk(call.caller, audioPort(message));
    if (call.state === 'calling') call.state = 'up';
  }

  #onCallee(message: string, port: number): void {
    const reply = (text: string): void => {
      this.#callee.send(text, port, host);
    };
    if (message.startsWith('INVITE ')) {
      const dialog = this.#dialogs.get(/^INVITE sip:([^@;>]+)@/.exec(message)?.[1] ?? '');
      if (dialog === undefined) return;
      this.#talk(dialog.call.callee, audioPort(message));
      const contact = `Contact: <sip:callee@${host}:${this.#ports.calleePort}>`;
      reply(answer(message, [contact, 'Content-Type: application/sdp'], sdpOf(dialog.call.callee)));
      return;
    }
    if (message.startsWith('BYE ')) reply(answer(message, []));
  }
}

function answer(request: string, extra: readonly string[], body = ''): string {
  const copied = request.split('\r\n').filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line));
  const to = header(request, 'To');
  return [
    'SIP/2.0 200 OK',
    ...copied,
    `To: ${to}${to.includes(';tag=') ? '' : ';tag=callee'}`,
    ...extra,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
