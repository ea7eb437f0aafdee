import { describe, expect, it } from 'vitest';
import { activeLine } from '../../src/sdp/active-line.ts';
import { parseSdp } from '../../src/sdp/parse.ts';
import { printSdp } from '../../src/sdp/print.ts';
import { relayAnswer, relayOffer } from '../../src/sdp/relay-description.ts';
import type { SessionDescription } from '../../src/sdp/session-description.ts';
import { sdp, text } from './sample-descriptions.ts';

const local = { address: '203.0.113.5', rtpPort: 20_000, rtcpPort: 20_009 };

function read(...lines: string[]): SessionDescription {
  const parsed = parseSdp(
    sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0', ...lines),
  );
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const mediaOf = (description: SessionDescription): string[] =>
  text(printSdp(description)).filter((line) => /^[mab]=/.test(line));

const fax = ['m=image 4002 udptl t38', 'a=T38FaxVersion:0', 'a=T38MaxBitRate:14400'];
const ourFax = ['m=image 20000 udptl t38', 'a=T38FaxVersion:0', 'a=T38MaxBitRate:14400'];
const speech = 'm=audio 4000 RTP/AVP 8';
const noSpeech = 'm=audio 0 RTP/AVP 8';

describe('the line of an offer that a call uses', () => {
  it.each<[string, string[], number | null]>([
    ['speech', [speech], 0],
    ['T.38 in the place of the audio line', fax, 0],
    ['T.38 beside an audio line with port 0', [noSpeech, ...fax], 1],
    ['speech where both are offered', [...fax, speech], 1],
    ['UDPTL in capitals, as gateways write it', ['m=image 4002 UDPTL t38'], 0],
    ['T.38 over TCP is not relayed', ['m=image 4002 tcptl t38'], null],
    ['nor is T.38 over RTP as an image', ['m=image 4002 RTP/AVP 98'], null],
    ['nor another medium over UDPTL', ['m=audio 4002 udptl t38'], null],
    ['everything rejected', [noSpeech, 'm=image 0 udptl t38'], null],
  ])('%s', (_name, lines, line) => {
    expect(activeLine(read(...lines))).toBe(line);
  });
});

describe('an offer of T.38 as it goes on', () => {
  it.each<[string, string[], string[]]>([
    ['in the place of the audio line', fax, ourFax],
    ['beside it', [noSpeech, ...fax], [noSpeech, ...ourFax]],
    [
      'with speech in the same offer: the fax is declined',
      [speech, ...fax],
      ['m=audio 20000 RTP/AVP 8', 'a=rtcp:20009', 'm=image 0 udptl t38'],
    ],
  ])('%s: our port, no RTCP, every attribute of the fax, whatever is narrowed', (_name, lines, out) => {
    const relayed = relayOffer(read(...lines), local, ['PCMA/8000']);
    expect(relayed.ok && mediaOf(relayed.value.description)).toEqual(out);
  });

  it('over TCP alone has no line for us', () => {
    expect(relayOffer(read('m=image 4002 tcptl t38'), local, null)).toEqual({ ok: false, error: 'no-audio' });
  });
});

describe('an answer to an offer of T.38', () => {
  const answered = (offer: string[], answer: string[]): string[] | string => {
    const described = read(...offer);
    const open = { offer: described, line: activeLine(described) ?? 0 };
    const relayed = relayAnswer(read(...answer), open, local, null);
    return relayed.ok ? mediaOf(relayed.value) : relayed.error;
  };

  it.each<[string, string[], string[], string[] | string]>([
    ['in the place of the audio line', fax, fax, ourFax],
    ['beside it', [noSpeech, ...fax], [noSpeech, ...fax], [noSpeech, ...ourFax]],
    ['declined by its port', fax, ['m=image 0 udptl t38'], ['m=image 0 udptl t38']],
    ['RFC 3264 §6: of another kind than the offer is no answer', fax, [speech], 'no-audio'],
  ])('%s', (_name, offer, answer, out) => {
    expect(answered(offer, answer)).toEqual(out);
  });
});
