import { describe, expect, it } from 'vitest';
import { keyOfInfo } from '../../src/signalling/key-info.ts';
import { SipHeaders, type SipRequest } from '../../src/sip/message.ts';

function info(type: string, body: string): SipRequest {
  const headers = new SipHeaders().append('Content-Type', type);
  return { type: 'request', method: 'INFO', uri: 'sip:a@b', headers, body: Buffer.from(body) };
}

describe('a key by SIP INFO', () => {
  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
    ['application/dtmf-relay', 'Duration=160\r\nsignal= * \r\n', '*'],
    ['application/dtmf-relay', 'Signal=11\r\n', '#'],
    ['application/dtmf-relay; charset=utf-8', 'Signal=d', 'D'],
    ['Application/DTMF', '9', '9'],
    ['application/dtmf', '10\r\n', '*'],
  ])('%s %j', (type, body, key) => {
    expect(keyOfInfo(info(type, body))).toBe(key);
  });

  it.each([
    ['application/dtmf-relay', 'Duration=160'],
    ['application/dtmf-relay', 'Signal=55'],
    ['application/dtmf', ''],
    ['application/dtmf', 'hello'],
    ['application/media_control+xml', '<media_control/>'],
  ])('%s %j is none', (type, body) => {
    expect(keyOfInfo(info(type, body))).toBeNull();
  });
});
