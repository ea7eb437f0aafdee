import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSdp, sdpLimits } from '../../src/sdp/parse.ts';
import { printSdp } from '../../src/sdp/print.ts';
import { deskPhone, sdp, softPhone, text } from './sample-descriptions.ts';

function fault(body: Uint8Array): string | null {
  const parsed = parseSdp(body);
  return parsed.ok ? null : parsed.error;
}

describe('parseSdp and printSdp', () => {
  it.each([
    ['a desk phone', deskPhone],
    ['a soft phone with ICE, bundle and video', softPhone],
    [
      'RFC 8866 §5: unknown attributes and lines keep their place',
      sdp('v=0', 'a=q:ü€', 'y=odd', 'm=audio 9 RTP/AVP 0', 'z=1'),
    ],
    ['no media line at all', sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0')],
    ['RFC 8866 §5.14: a port count', sdp('v=0', 'm=audio 49170/2 RTP/AVP 31')],
  ])('prints what it read, byte for byte: %s', (_name, body) => {
    const parsed = parseSdp(body);
    expect(parsed.ok && text(printSdp(parsed.value))).toEqual(text(body));
  });

  it('RFC 8866 §5: accepts lines that end with a single newline, prints CRLF', () => {
    const parsed = parseSdp(Buffer.from('v=0\ns=-\nm=audio 4 RTP/AVP 0\n'));
    expect(parsed.ok && text(printSdp(parsed.value))).toEqual(['v=0', 's=-', 'm=audio 4 RTP/AVP 0']);
  });

  it.each([
    ['an empty body', Buffer.alloc(0), 'no-version'],
    ['RFC 8866 §5.1: v= comes first', sdp('s=-', 'v=0'), 'no-version'],
    ['another version', sdp('v=1'), 'no-version'],
    ['a line without a type', sdp('v=0', '=x'), 'malformed-line'],
    ['a line without an equals sign', sdp('v=0', 'hello'), 'malformed-line'],
    ['a NUL', sdp('v=0', 's=a\0b'), 'malformed-line'],
    ['a carriage return within a line', sdp('v=0', 's=a\rb'), 'malformed-line'],
    ['a media line without a port', sdp('v=0', 'm=audio RTP/AVP 0'), 'malformed-media'],
    ['a port above 65535', sdp('v=0', 'm=audio 65536 RTP/AVP 0'), 'malformed-media'],
    ['a negative port', sdp('v=0', 'm=audio -1 RTP/AVP 0'), 'malformed-media'],
    ['too many bytes', Buffer.alloc(sdpLimits.bytes + 1, 'a'), 'too-long'],
    ['too many lines', sdp('v=0', ...Array.from({ length: 2_000 }, () => 'a=x')), 'too-many-lines'],
    [
      'too many media',
      sdp('v=0', ...Array.from({ length: 33 }, () => 'm=audio 4 RTP/AVP 0')),
      'too-many-media',
    ],
  ])('refuses %s', (_name, body, expected) => {
    expect(fault(body)).toBe(expected);
  });

  it('never throws, and what it accepts it prints so that it reads the same again', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'v=0',
        's=-',
        'c=IN IP4 192.0.2.1',
        'm=audio 5004 RTP/AVP 0 8',
        'a=rtpmap:0 PCMU/8000',
        'm=x',
      ),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    const lines = fc.array(line, { maxLength: 20 }).map((rows) => Buffer.from(['v=0', ...rows].join('\r\n')));
    fc.assert(
      fc.property(fc.oneof(lines, fc.uint8Array({ maxLength: 400 })), (body) => {
        const first = parseSdp(body);
        if (!first.ok) return;
        const second = parseSdp(printSdp(first.value));
        expect(second).toEqual(first);
      }),
      { numRuns: 1500 },
    );
  });

  it('a hostile body of the largest size costs little', () => {
    const hostile = Buffer.from(`v=0\r\nm=audio 1 RTP/AVP${' 0'.repeat(32_000)}`);
    const before = performance.now();
    expect(fault(hostile)).toBe('malformed-media');
    expect(performance.now() - before).toBeLessThan(200);
  });
});
