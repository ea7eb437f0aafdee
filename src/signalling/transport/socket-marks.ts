import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import { type SocketOptions, socketOptions } from '../../kernel/socket-options.ts';
import type { ListenerOptions } from '../options.ts';

export interface SocketMarksOptions {
  readonly listener: ListenerOptions;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly system?: SocketOptions;
}

/** CS3, which switches and phones are set up for; RFC 4594 §4.2 has CS5 for signalling, few networks do. */
const defaultDscp = 24;
/**
 * Bytes that stay unacknowledged for this long end a connection, a ping's too: a peer that vanished is noticed by its
 * own TCP, whether or not it knows pings.
 */
const silenceMs = 20_000;

/** Sets on a listener's sockets what they are to have. Where the system will not, that is said once and counted. */
export class SocketMarks {
  readonly #options: SocketMarksOptions;
  readonly #system: SocketOptions;
  #said = false;

  constructor(options: SocketMarksOptions) {
    this.#options = options;
    this.#system = options.system ?? socketOptions;
  }

  /** A connected stream, or a bound datagram socket. */
  set(socket: object, kind: 'stream' | 'datagram'): void {
    const { listener, logger, meter } = this.#options;
    const { dscp = defaultDscp } = listener;
    const silent = kind === 'datagram' || this.#system.limitSilence(socket, silenceMs);
    if (this.#system.mark(socket, dscp) && silent) return;
    meter
      .counter('onrecord_sip_socket_options_refused_total', 'SIP sockets without DSCP or silence limit', {
        listener: listener.id,
      })
      .add();
    if (this.#said) return;
    this.#said = true;
    logger.warn('sip-socket-options-refused', { listener: listener.id, dscp });
  }
}
