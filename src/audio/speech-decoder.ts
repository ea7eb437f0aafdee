/**
 * Turns one stream of one codec into samples at a recording's rate. It has memory: packets come in the
 * order in which they were sent, gaps are bridged by `recover` and `conceal`, and `reset` begins a stream.
 * Payloads are (bytes, from, length); all arrays are *borrowed* until return, and written from index 0 on.
 * Nothing throws on what a party sent.
 */
export interface SpeechDecoder {
  /** Samples that went in and have not come out yet: what a filter holds back. 0 after `reset` and `drain`. */
  readonly pending: number;
  /** How many samples a payload stands for, by its head; 0 where it is empty or no packet of this codec. */
  samplesIn(bytes: Uint8Array, from: number, length: number): number;
  /** Returns how many samples it wrote; -1: the payload cannot be decoded. */
  decode(bytes: Uint8Array, from: number, length: number, target: Int16Array): number;
  /** How many samples before its own a payload carries a second time (forward error correction); mostly 0. */
  redundantIn(bytes: Uint8Array, from: number, length: number): number;
  /** The `count` samples before a payload from what it carries of them. Returns how many it wrote. */
  recover(bytes: Uint8Array, from: number, length: number, count: number, target: Int16Array): number;
  /** Makes up at most `count` samples that go on from the last ones. Returns how many it wrote. */
  conceal(count: number, target: Int16Array): number;
  /** Gives out what is pending. */
  drain(target: Int16Array): number;
  reset(): void;
  /** Gives back what it holds; it must not be used again. */
  release(): void;
}
