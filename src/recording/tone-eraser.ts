import { DtmfDetector } from '../audio/dtmf-detector.ts';

/** Blocks (6.5 ms) of one pair that make a digit: 26 ms of tone. ITU-T Q.24 has no digit under 23 ms. */
const blocksOfDigit = 3;
/** A packet lost within a digit does not make two halves of it that are too short each. */
const longestGap = 4;
/** From a digit's first block to the one that shows that it is one, at most. */
const reach = blocksOfDigit - 1 + longestGap;
/** Silenced before the first block of a digit and behind its last: a tone may begin and end within a block. */
const margin = 2;
/** How far ahead of what is erased the detector has listened; a window begins one block before its own. */
const blocksAhead = reach + 1 + margin + 1;
/** Marks for what is listened to at once, as a ring. */
const ringBlocks = 256;

/** Where a channel's samples lie before they are taken. */
export interface SampleView {
  /** Copies `count` samples from a position on into `target`; what is not there is 0. */
  peek(position: number, count: number, target: Int16Array): void;
}

/**
 * Takes the digits that a party dials in its audio out of the recording: silence in their place, to the sample.
 * It listens ahead on the time line, so that the head of a tone is silenced too. Which digits they were, how many
 * and when is told to nobody.
 */
export class ToneEraser {
  readonly #source: SampleView;
  readonly #detector: DtmfDetector;
  readonly #block: Int16Array;
  /** 1: the block is part of a digit; by block modulo the ring. */
  readonly #marked = new Uint8Array(ringBlocks);
  /** Blocks that have been listened to. */
  #heard = 0;
  #pair = 0;
  #run = 0;
  #runStart = 0;
  #lastHit = 0;

  constructor(source: SampleView, sampleRate: number) {
    this.#source = source;
    this.#detector = new DtmfDetector(sampleRate);
    this.#block = new Int16Array(this.#detector.blockLength);
  }

  /** Listens as far as is needed to erase up to `position`. Before the samples up to there are taken. */
  listen(position: number): void {
    const until = Math.ceil(position / this.#block.length) + blocksAhead;
    while (this.#heard < until) this.#listenToBlock();
  }

  /** Silences what of `count` samples from `position` on is part of a digit. *Borrows* them until return. */
  erase(position: number, count: number, samples: Int16Array): void {
    const length = this.#block.length;
    for (let block = Math.floor(position / length); block * length < position + count; block++) {
      if (this.#marked[block % ringBlocks] === 0) continue;
      const start = Math.max(0, block * length - position);
      samples.fill(0, start, Math.min(count, (block + 1) * length - position));
    }
  }

  #listenToBlock(): void {
    const block = this.#heard;
    this.#heard += 1;
    this.#marked[(block + margin) % ringBlocks] = 0;
    this.#source.peek(block * this.#block.length, this.#block.length, this.#block);
    const pair = this.#detector.block(this.#block, 0);
    if (pair === 0) return;
    const goesOn = pair === this.#pair && block - this.#lastHit <= longestGap + 1;
    if (!goesOn || (this.#run < blocksOfDigit && block - this.#runStart > reach)) {
      this.#pair = pair;
      this.#run = 0;
      this.#runStart = block;
    }
    this.#run += 1;
    const first = this.#run === blocksOfDigit ? this.#runStart - 1 - margin : this.#lastHit;
    this.#lastHit = block;
    if (this.#run < blocksOfDigit) return;
    for (let i = Math.max(0, first); i <= block + margin; i++) this.#marked[i % ringBlocks] = 1;
  }
}
