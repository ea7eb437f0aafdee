/** What a payload type means to the recorder; the numbers travel in the tap's `formats` marks. */
export const codecId = {
  pcmu: 1,
  pcma: 2,
  telephoneEvent: 3,
  comfortNoise: 4,
  g722: 5,
  opus: 6,
  /** Speech in a codec that is not decoded here: its packets are kept as they came. */
  undecoded: 7,
} as const;

export type CodecId = (typeof codecId)[keyof typeof codecId];
