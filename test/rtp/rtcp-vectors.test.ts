import { describe, expect, it } from 'vitest';
import { rtcpFault, RtcpView } from '../../src/rtp/rtcp-view.ts';
import { SenderInfo } from '../../src/rtp/sender-info.ts';

/*
 * RTCP that nobody here wrote, as tcpdump had it on the loopback device, and what tshark 4 reads in it.
 * ffmpeg 5.1: `ffmpeg -re -f lavfi -i sine=440:sample_rate=8000 -c:a pcm_alaw -f rtp rtp://127.0.0.1:45004`,
 * read with `tshark -r ff.pcap -d udp.port==45009,rtcp -Y rtcp -T fields -e udp.payload -e rtcp.timestamp.ntp
 * -e rtcp.timestamp.rtp -e rtcp.sender.packetcount -e rtcp.sender.octetcount`.
 */
const senderReports = [
  {
    hex: '80c80006447ee9bdeeb4803335c28f5ca1c7ee280000000000000000',
    ...{ at: '2026-11-27T22:18:27.210Z', timestamp: 2_714_234_408, packets: 0, octets: 0 },
  },
  {
    hex: '80c80006447ee9bdeeb4803855810624a1c88e48000000280000a000',
    ...{ at: '2026-11-27T22:18:32.334Z', timestamp: 2_714_275_400, packets: 40, octets: 40_960 },
  },
  {
    hex: '80c80006447ee9bdeeb4804293333333a1c9ce50000000780001e000',
    ...{ at: '2026-11-27T22:18:42.575Z', timestamp: 2_714_357_328, packets: 120, octets: 122_880 },
  },
];

describe('RTCP of others', () => {
  it.each(senderReports)('ffmpeg: an SR of $at', ({ hex, at, timestamp, packets, octets }) => {
    const view = new RtcpView();
    const datagram = Buffer.from(hex, 'hex');
    expect(view.bind(datagram, datagram.length)).toBe(rtcpFault.none);
    expect(view.next()).toBe(true);
    expect({ type: view.type, count: view.count, ssrc: view.ssrc }).toEqual({
      type: 200,
      count: 0,
      ssrc: 0x447e_e9bd,
    });
    const info = new SenderInfo();
    info.read(datagram, view.offset + 8);
    expect(info).toMatchObject({ timestamp, packets, octets });
    // And back: the wall time that tshark reads is written as ffmpeg wrote it, to the microsecond.
    const written = new SenderInfo();
    written.setTime(Date.parse(at));
    expect(written.ntpSeconds).toBe(info.ntpSeconds);
    expect(Math.abs(written.ntpFraction - info.ntpFraction)).toBeLessThan(2 ** 32 / 1e6);
    expect(view.next()).toBe(false);
  });
});
