import type { SpoolSource } from './ports.ts';
import {
  audioBytesOf,
  type FrameHead,
  frameHeadBytes,
  type FrameKind,
  frameKind,
  readFrameHead,
  spoolHeaderBytes,
} from './spool-format.ts';

/** One frame: where it stands in the file, its number, and where its audio begins in that of its kind. */
export interface FramePlace {
  readonly at: number;
  readonly index: number;
  readonly head: FrameHead;
  readonly audioAt: number;
}

const stepBytes = 1024 * 1024;

/** Where the frames of a spool are, by their heads alone. What is cut at the end is not there. */
export class SpoolMap {
  readonly #places = new Map<FrameKind, FramePlace[]>(Object.values(frameKind).map((kind) => [kind, []]));

  static async of(source: SpoolSource): Promise<SpoolMap> {
    const map = new SpoolMap();
    let block = Buffer.alloc(0);
    let blockAt = 0;
    let at = spoolHeaderBytes;
    for (let index = 0; at + frameHeadBytes <= source.size; index++) {
      if (at + frameHeadBytes > blockAt + block.length) {
        block = Buffer.from(await source.read(at, stepBytes));
        blockAt = at;
      }
      if (block.length < frameHeadBytes) break;
      const head = readFrameHead(block.subarray(at - blockAt, at - blockAt + frameHeadBytes));
      if (head === null || at + frameHeadBytes + head.sealedBytes > source.size) break;
      map.#add(at, index, head);
      at += frameHeadBytes + head.sealedBytes;
    }
    return map;
  }

  frames(kind: FrameKind): readonly FramePlace[] {
    return this.#places.get(kind) ?? [];
  }

  /** Which of the frames of a kind holds this byte of their audio. */
  indexAt(kind: FrameKind, audioAt: number): number {
    const places = this.frames(kind);
    let low = 0;
    let high = places.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((places[middle]?.audioAt ?? Infinity) <= audioAt) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #add(at: number, index: number, head: FrameHead): void {
    const places = this.#places.get(head.kind);
    const before = places?.at(-1);
    const audioAt = before === undefined ? 0 : before.audioAt + audioBytesOf(before.head);
    places?.push({ at, index, head, audioAt });
  }
}
