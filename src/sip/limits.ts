/** What one message may cost. Beyond each, bytes are refused rather than read on. */
export interface MessageLimits {
  /** One UDP datagram; a message on a stream gets no more. */
  readonly messageBytes: number;
  /** Start-line and headers. */
  readonly headBytes: number;
  /** One header field, and the Request-URI. */
  readonly headerBytes: number;
  readonly headers: number;
  readonly bodyBytes: number;
}

export const defaultLimits: MessageLimits = {
  messageBytes: 65_535,
  headBytes: 32_768,
  headerBytes: 8_192,
  headers: 256,
  bodyBytes: 65_535,
};

/** Parameters of one value. Nobody writes so many, and a list of them is searched from its start. */
export const maxParameters = 128;

/** Parts of one multipart body. */
export const maxParts = 32;
