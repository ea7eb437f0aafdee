import { describe, expect, it } from 'vitest';
import { calleeSdp, callerInvite, Scene, sdp } from './call-scene.ts';

describe('RFC 4961: media of a PBX whose SDP names an address behind NAT, and whose SIP comes from 192.0.2.1', () => {
  it.each([
    ['are expected where its SIP comes from, if it is known to be there', true, '192.0.2.1'],
    ['are expected at that address otherwise', false, '10.0.0.9'],
  ])('%s', (_name, nat, address) => {
    const scene = new Scene({ nat, invite: callerInvite(sdp('10.0.0.9', 4000)) });
    scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
    expect(scene.state.caller.media?.remote).toMatchObject({ address, port: 4000 });
    expect(scene.state.callee?.media?.remote).toMatchObject({ address: '198.51.100.1', port: 6000 });
  });
});
