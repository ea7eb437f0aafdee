import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { bencode, type Bencoded, stringOf } from './bencode.ts';
import { audioPort, host, type LoadCall, sdpOf, type Signaller, type Talk } from './call.ts';
import type { Signalling } from './load-options.ts';

/** rtpengine answers within milliseconds; a datagram that was lost is not sent again. */
const answerWithinMs = 3000;

/** Calls through rtpengine alone: what a SIP proxy in front of it would ask, by its `ng` protocol. */
export class NgSignaller implements Signaller {
  readonly #options: Extract<Signalling, { readonly kind: 'ng' }>;
  readonly #talk: Talk;
  readonly #socket: Socket = createSocket('udp4');
  readonly #waiting = new Map<string, (answer: string) => void>();
  #last = 0;

  private constructor(options: Extract<Signalling, { readonly kind: 'ng' }>, talk: Talk) {
    this.#options = options;
    this.#talk = talk;
    this.#socket.on('message', (message) => {
      const text = message.toString('latin1');
      const space = text.indexOf(' ');
      this.#waiting.get(text.slice(0, space))?.(text.slice(space + 1));
    });
  }

  static async start(
    options: Extract<Signalling, { readonly kind: 'ng' }>,
    talk: Talk,
  ): Promise<NgSignaller> {
    const signaller = new NgSignaller(options, talk);
    signaller.#socket.bind(0, host);
    await once(signaller.#socket, 'listening');
    return signaller;
  }

  async place(call: LoadCall): Promise<void> {
    const common = {
      'call-id': call.id,
      'from-tag': 'caller',
      ICE: 'remove',
      replace: ['origin', 'session-connection'],
      ...(this.#options.record ? { 'record call': 'yes' } : {}),
    };
    const offered = await this.#ask({ ...common, command: 'offer', sdp: sdpOf(call.caller) });
    this.#talk(call.callee, audioPort(stringOf(offered, 'sdp') ?? ''));
    const answered = await this.#ask({
      ...common,
      ...{ command: 'answer', 'to-tag': 'callee', sdp: sdpOf(call.callee) },
    });
    this.#talk(call.caller, audioPort(stringOf(answered, 'sdp') ?? ''));
    if (call.state === 'calling') call.state = 'up';
  }

  async end(calls: readonly LoadCall[]): Promise<void> {
    for (const { id } of calls) await this.#ask({ command: 'delete', 'call-id': id, 'from-tag': 'caller' });
  }

  #ask(command: Bencoded): Promise<string> {
    this.#last += 1;
    const cookie = `${process.pid}_${this.#last}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error('rtpengine does not answer'));
      }, answerWithinMs);
      this.#waiting.set(cookie, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(cookie);
        if (stringOf(answer, 'result') === 'ok') resolve(answer);
        else reject(new Error(`rtpengine: ${stringOf(answer, 'error-reason') ?? answer}`));
      });
      this.#socket.send(Buffer.from(`${cookie} ${bencode(command)}`, 'latin1'), this.#options.port, host);
    });
  }
}
