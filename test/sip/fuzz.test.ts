import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNameAddrList } from '../../src/sip/name-addr.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { makeResponse } from '../../src/sip/response.ts';
import { serializeMessage } from '../../src/sip/serialize.ts';
import { mergeKey, serverKey } from '../../src/sip/transaction-key.ts';
import { parseUri, printUri } from '../../src/sip/uri.ts';
import { parseVia, stampVia } from '../../src/sip/via.ts';
import { bytesOf, inviteText } from './samples.ts';

/** What a listener does with bytes: none of it may throw. */
function handle(bytes: Buffer): void {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) {
    const { answer } = parsed.error;
    if (answer !== null) {
      serverKey(answer.request);
      serializeMessage(makeResponse(answer.request, answer.status, answer.phrase, 't'));
    }
    return;
  }
  const message = parsed.value;
  const via = parseVia(message.headers.first('via') ?? '');
  expect(via).not.toBe(null);
  if (via !== null)
    expect(parseVia(stampVia(message.headers.first('via') ?? '', via, '192.0.2.1', 1))).not.toBe(null);
  const again = serializeMessage(message);
  if (message.type === 'request') {
    serverKey(message);
    mergeKey(message);
    parseNameAddrList(message.headers.all('contact'));
    serializeMessage(makeResponse(message, 200, 'OK', 't'));
  }
  // What we send, we would take.
  const reparsed = parseMessage(again);
  expect(reparsed.ok && serializeMessage(reparsed.value).equals(again)).toBe(true);
}

describe('fuzz', () => {
  it('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        handle(Buffer.from(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('an INVITE with bytes changed, cut out, put in and doubled', () => {
    const original = bytesOf(inviteText);
    const edit = fc.record({
      at: fc.nat({ max: original.length }),
      cut: fc.nat({ max: 30 }),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc
          .constantFrom(
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
            '@',
            'SIP/2.0',
            'l: 7\r\n',
          )
          .map((text) => Buffer.from(text)),
      ),
      double: fc.nat({ max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let bytes = original;
        for (const { at, cut, put, double } of edits) {
          const tail = bytes.subarray(Math.min(bytes.length, at + cut));
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            put,
            bytes.subarray(at, at + (double > 150 ? double : 0)),
            tail,
          ]);
        }
        handle(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  it('a URI that is taken prints as it was, but for the case of its scheme', () => {
    const unit = fc.constantFrom(...Array.from('sip:tel@;?=&%41[]<>" ,ax0.9-+/\\é\0'));
    fc.assert(
      fc.property(
        fc.constantFrom('sip:', 'tel:', 'urn:', ''),
        fc.string({ unit, maxLength: 30 }),
        (scheme, rest) => {
          const uri = parseUri(scheme + rest);
          if (uri !== null) expect(printUri(uri).toLowerCase()).toBe((scheme + rest).toLowerCase());
        },
      ),
      { numRuns: 3000 },
    );
  });
});
