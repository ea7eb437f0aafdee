import { removeEncoding } from './deferred-encoding.ts';
import { Gate } from './gate.ts';
import { type OpenSpool, spoolCoding } from './open-spool.ts';
import type { PeakMeter } from './peaks.ts';
import type { SealDeps } from './ports.ts';
import type { Recovery, SealResult } from './protocol.ts';
import { recoverSpool } from './recover.ts';
import { sealSpool } from './seal.ts';
import { owesEncoding, type SealedBody, sealedBody } from './sealed-body.ts';

/** The system's file threads are shared by all workers: slow disks must not take them all. */
const sealsAtOnce = 2;
/** An encoder put to work after the call takes what time there is: a second one would only be slower. */
const encodingsAtOnce = 1;

/** A spool whose recording ended in order. */
export interface EndedSpool extends Omit<OpenSpool, 'source'> {
  readonly recipient: string;
  readonly peaks: PeakMeter;
}

/** Makes files of spools, so many at once, and recoveries of what others left. */
export class Sealer {
  /** Recordings that wait for an encoder or are in it, and how many ever did. */
  awaitingEncoder = 0;
  encodedLater = 0;
  readonly #deps: SealDeps;
  readonly #seals = new Gate(sealsAtOnce);
  readonly #encodings = new Gate(encodingsAtOnce);

  constructor(deps: SealDeps) {
    this.#deps = deps;
  }

  /** Resolves when the file is durable and the spool is gone; rejects with the spool as it was. */
  async seal(ended: EndedSpool): Promise<SealResult> {
    const { disk, target } = this.#deps;
    const { path, recipient, manifest } = ended;
    const source = await disk.open(path);
    if (source === null) throw new Error('the spool is gone');
    try {
      const spool: OpenSpool = { ...ended, source };
      const body = owesEncoding(spool) ? await this.#encode(spool) : await sealedBody(spool, this.#deps);
      const peaks = ended.peaks.peaks(spoolCoding(manifest.format));
      const result = await this.#seals.run(() => sealSpool({ spool, body, peaks, recipient, target }));
      await removeEncoding(path, this.#deps);
      await disk.remove(path);
      return result;
    } finally {
      await source.close();
    }
  }

  recover(path: string, spoolSecret: Uint8Array, recipient: string): Promise<Recovery> {
    return recoverSpool(path, spoolSecret, recipient, this.#deps);
  }

  async #encode(spool: OpenSpool): Promise<SealedBody> {
    this.awaitingEncoder += 1;
    this.encodedLater += 1;
    try {
      return await this.#encodings.run(() => sealedBody(spool, this.#deps));
    } finally {
      this.awaitingEncoder -= 1;
    }
  }
}
