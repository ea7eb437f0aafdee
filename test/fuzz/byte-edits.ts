import fc from 'fast-check';

/** One change to bytes: cut here, put this in, and say some of what follows twice. */
export interface ByteEdit {
  /** Where, as a share of the length: an edit fits a message of any size. */
  readonly at: number;
  readonly cut: number;
  readonly put: Buffer;
  readonly double: number;
}

/** What SIP and SDP take for structure, and what readers have fallen over before. */
const telling = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    '"',
    '<',
    '>',
    ';',
    ',',
    ':',
    ' ',
    '\t',
    '\\',
    '%',
    '%00',
    '@',
    '=',
    '?',
    '[',
    ']',
  ],
  ...[
    'SIP/2.0',
    'l: 7\r\n',
    'Content-Length: -1\r\n',
    '99999999999999999999',
    'tag=',
    'branch=z9hG4bK',
    ';lr',
  ],
  ...[
    '\r\n\r\n',
    '\r\nm=audio 0 RTP/AVP 0',
    '\r\na=',
    'Digest ',
    'realm="',
    '\xff\xfe',
    '--',
    '0.0.0.0',
    '::',
  ],
];

const edit: fc.Arbitrary<ByteEdit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 40 }) }),
  put: fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 3, arbitrary: fc.constantFrom(...telling).map((text) => Buffer.from(text, 'latin1')) },
  ),
  double: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 200 }) }),
});

/** Up to six edits; `most` of the time none, where a message that stays whole is what leads further. */
export function byteEdits(least: 0 | 1): fc.Arbitrary<readonly ByteEdit[]> {
  const some = fc.array(edit, { minLength: 1, maxLength: 6 });
  if (least === 1) return some;
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<readonly ByteEdit[]>([]) },
    { weight: 1, arbitrary: some },
  );
}

export function applyEdits(original: Buffer, edits: readonly ByteEdit[]): Buffer {
  let bytes = original;
  for (const { at, cut, put, double } of edits) {
    const from = Math.floor(at * bytes.length);
    bytes = Buffer.concat([
      ...[bytes.subarray(0, from), put, bytes.subarray(from, from + double)],
      bytes.subarray(Math.min(bytes.length, from + cut)),
    ]);
  }
  return bytes;
}
