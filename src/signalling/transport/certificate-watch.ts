import { stat } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Gauge, Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import { readTlsMaterial, type TlsFiles, type TlsMaterial } from './tls-material.ts';

export interface CertificateWatchOptions {
  readonly listener: string;
  readonly files: TlsFiles;
  /** Good new material: from now on connections are made with it. */
  readonly changed: (material: TlsMaterial) => void;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** How often the files are looked at: three `stat` calls. Renewals replace files by links, which events miss. */
const pollMs = 10_000;
const dayMs = 86_400_000;
/** Renewal by machine is due a month before the end: two weeks before it, somebody has to look. */
const soonMs = 14 * dayMs;

/** Keeps a listener's certificate as its files are, and says when it is about to expire. */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #left: Gauge;
  #material: TlsMaterial;
  /** What the files looked like when they were read last, whatever came of it. */
  #seen = '';
  #stop: (() => void) | null = null;
  #stopped = false;
  #saidExpiryAt = -Infinity;

  /** Reads the files; throws one sentence where they cannot be used. */
  constructor(options: CertificateWatchOptions) {
    const { listener, meter, files } = options;
    const first = readTlsMaterial(files);
    if (!first.ok) throw new Error(`sip listener ${listener}: ${first.error}`);
    this.#options = options;
    this.#material = first.value;
    this.#left = meter.gauge(
      'onrecord_tls_certificate_expiry_seconds',
      'Seconds until the certificate expires; below 0 it has',
      { listener },
    );
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  async start(): Promise<void> {
    this.#seen = await this.#look();
    this.#judge();
    this.#poll();
  }

  #poll(): void {
    if (this.#stopped) return;
    this.#stop = this.#options.schedule(pollMs, () => {
      void this.check().finally(() => {
        this.#poll();
      });
    });
  }

  /** Looks at the files now. Broken ones change nothing but a counter and the log. */
  async check(): Promise<void> {
    const seen = await this.#look();
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#reload();
    }
    this.#judge();
  }

  /** Inode, size and times of each file: what a new one differs in. */
  async #look(): Promise<string> {
    const { cert, key, ca } = this.#options.files;
    const looks = [cert, key, ...(ca === null ? [] : [ca])].map(async (file) => {
      try {
        const { ino, size, mtimeMs } = await stat(file);
        return `${ino} ${size} ${mtimeMs}`;
      } catch {
        return 'gone';
      }
    });
    return (await Promise.all(looks)).join(', ');
  }

  #reload(): void {
    const { files, listener, logger, changed } = this.#options;
    const read = readTlsMaterial(files);
    if (!read.ok) {
      logger.error('tls-certificate-not-loaded', { listener, fault: read.error });
      this.#count('kept-old');
      return;
    }
    this.#material = read.value;
    this.#saidExpiryAt = -Infinity;
    changed(read.value);
    const expires = new Date(read.value.expiresAt).toISOString();
    logger.info('tls-certificate-loaded', { listener, expires });
    this.#count('loaded');
  }

  #count(outcome: string): void {
    this.#options.meter
      .counter('onrecord_tls_certificate_reloads_total', 'Changed certificate files, by what came of them', {
        listener: this.#options.listener,
        outcome,
      })
      .add();
  }

  /** Says once a day that it expires soon, or has. */
  #judge(): void {
    const { clock, logger, listener } = this.#options;
    const left = this.#material.expiresAt - clock.wall();
    this.#left.set(Math.floor(left / 1000));
    const now = clock.monotonic();
    if (left > soonMs || now - this.#saidExpiryAt < dayMs) return;
    this.#saidExpiryAt = now;
    const fields = { listener, expires: new Date(this.#material.expiresAt).toISOString() };
    if (left <= 0) logger.error('tls-certificate-expired', fields);
    else logger.warn('tls-certificate-expires-soon', fields);
  }

  stop(): void {
    this.#stopped = true;
    this.#stop?.();
  }
}
