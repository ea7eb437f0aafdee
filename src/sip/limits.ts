/** What one message may cost. Beyond each, bytes are refused rather than read on. */
export const limits = {
  /** One UDP datagram; a message on a stream gets no more. */
  messageBytes: 65_535,
  /** Start-line and headers. */
  headBytes: 32_768,
  headerBytes: 8_192,
  headers: 256,
} as const;
