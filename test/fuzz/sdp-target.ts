import fc from 'fast-check';
import { expect } from 'vitest';
import { answerHere } from '../../src/sdp/answer-here.ts';
import { agreedKeys, inClear, isSecuredAnswer } from '../../src/sdp/media-security.ts';
import { negotiatedMedia } from '../../src/sdp/negotiated-media.ts';
import { describeSession, newOrigin } from '../../src/sdp/origin.ts';
import { parseSdp } from '../../src/sdp/parse.ts';
import { rejectOffer, relayAnswer, relayOffer } from '../../src/sdp/relay-description.ts';
import { sameSession } from '../../src/sdp/same-session.ts';
import type { SessionDescription } from '../../src/sdp/session-description.ts';
import { deskPhone, securePhone, softPhone } from '../sdp/sample-descriptions.ts';
import { applyEdits, byteEdits } from './byte-edits.ts';
import type { FuzzTarget } from './fuzz-target.ts';

const local = { address: '203.0.113.1', rtpPort: 20_000, rtcpPort: 20_001 };

/** A description goes out as ours: our address alone, readable, and stable when it is said again. */
function holds(description: SessionDescription): void {
  const { origin, body } = describeSession(newOrigin('1'), local.address, description);
  const text = Buffer.from(body).toString('latin1');
  for (const [, address] of text.matchAll(/^c=IN IP\d (\S+)/gm)) expect(address).toBe(local.address);
  expect(text).not.toMatch(/\r(?!\n)|(?<!\r)\n|\0/);
  const again = parseSdp(body);
  expect(again.ok).toBe(true);
  expect(describeSession(origin, local.address, description).origin.version).toBe(origin.version);
}

/** With SRTP on both legs: the lines of the offer's own taken for ours, which is as good as any. */
function secured(offer: SessionDescription, answer: SessionDescription): void {
  const passed = relayOffer(offer, local, null, { from: 'prefer', said: { ...inClear, isSecure: true } });
  if (!passed.ok) return;
  holds(passed.value.description);
  const { line } = passed.value;
  const back = relayAnswer(answer, { offer, line }, local, null, {
    from: 'prefer',
    answerTo: (chosen) => chosen,
  });
  if (!back.ok) return;
  holds(back.value);
  const [said, described] = [back.value.media[line], offer.media[line]];
  if (said === undefined || described === undefined) return;
  // What was taken from the offer is in the answer, so both agree on it.
  if (said.port !== 0 && described.port !== 0) {
    const isKeyed = said.lines.some(({ value }) => value.startsWith('crypto:'));
    expect(agreedKeys(said, described) !== null).toBe(isKeyed);
  }
  isSecuredAnswer(said, described, 'require');
}

function handle([offerBytes, answerBytes]: readonly [Buffer, Buffer]): void {
  const offer = parseSdp(offerBytes);
  const answer = parseSdp(answerBytes);
  if (!offer.ok) return;
  holds(rejectOffer(offer.value, local));
  const relayed = relayOffer(offer.value, local, null);
  const narrowed = relayOffer(offer.value, local, ['PCMA/8000']);
  if (narrowed.ok) holds(narrowed.value.description);
  if (answer.ok) secured(offer.value, answer.value);
  if (!relayed.ok) return;
  holds(relayed.value.description);
  if (!answer.ok) return;
  sameSession(offer.value, answer.value);
  const here = answerHere(offer.value, answer.value, local);
  if (here.ok) holds(here.value.answer);
  const { line } = relayed.value;
  const back = relayAnswer(answer.value, { offer: offer.value, line }, local, null);
  if (!back.ok) return;
  holds(back.value);
  // RFC 3264 §6: as many lines as the offer.
  expect(back.value.media).toHaveLength(offer.value.media.length);
  for (const side of ['offerer', 'answerer'] as const) {
    const media = negotiatedMedia({ offer: offer.value, answer: answer.value, line, encodings: null }, side);
    if (media.remote !== null) {
      expect(media.remote.port).toBeGreaterThan(0);
      expect(media.remote.port).toBeLessThan(65_536);
    }
  }
}

const description = fc
  .tuple(fc.constantFrom(deskPhone, softPhone, securePhone), byteEdits(1))
  .map(([bytes, edits]) => applyEdits(Buffer.from(bytes), edits));

export const sdpTarget: FuzzTarget = {
  name: 'SDP: an offer and an answer that may be broken',
  property: fc.property(fc.tuple(description, description), handle),
};
