import fc from 'fast-check';
import { expect } from 'vitest';
import { parseNameAddrList } from '../../src/sip/name-addr.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { makeResponse } from '../../src/sip/response.ts';
import { serializeMessage } from '../../src/sip/serialize.ts';
import { mergeKey, serverKey } from '../../src/sip/transaction-key.ts';
import { parseUri, printUri } from '../../src/sip/uri.ts';
import { parseVia, stampVia } from '../../src/sip/via.ts';
import { bytesOf, inviteText } from '../sip/samples.ts';
import { applyEdits, byteEdits } from './byte-edits.ts';
import type { FuzzTarget } from './fuzz-target.ts';

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

const original = bytesOf(inviteText);

const messages = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 6, arbitrary: byteEdits(1).map((edits) => applyEdits(original, edits)) },
);

export const messageTarget: FuzzTarget = {
  name: 'the parser: bytes that may be a message',
  property: fc.property(messages, handle),
};

const uriText = fc.tuple(
  fc.constantFrom('sip:', 'tel:', 'urn:', ''),
  fc.string({ unit: fc.constantFrom(...Array.from('sip:tel@;?=&%41[]<>" ,ax0.9-+/\\é\0')), maxLength: 30 }),
);

export const uriTarget: FuzzTarget = {
  name: 'URIs: one that is taken prints as it was, but for the case of its scheme and zeros before its port',
  property: fc.property(uriText, ([scheme, rest]) => {
    const uri = parseUri(scheme + rest);
    const plain = (text: string): string => text.toLowerCase().replace(/:0+(?=\d)/g, ':');
    if (uri !== null) expect(plain(printUri(uri))).toBe(plain(scheme + rest));
  }),
};
