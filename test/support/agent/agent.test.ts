import { afterEach, describe, expect, it } from 'vitest';
import { align, amplitudeAt, signalToNoise } from '../sound.ts';
import { readWav, wavBytes } from '../wav-file.ts';
import { Agent } from './agent.ts';
import { decodeG711, encodeG711 } from './g711.ts';

const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
});

async function started(...options: Parameters<typeof Agent.start>): Promise<Agent> {
  const agent = await Agent.start(...options);
  agents.push(agent);
  return agent;
}

describe('G.711 of the test agents against the tables of the recommendation', () => {
  // Outputs of ITU-T G.711 tables 1a and 2a at both ends of the scale, on 16 bits.
  it.each([
    ['pcma', 0xd5, 8],
    ['pcma', 0x55, -8],
    ['pcma', 0xaa, 32_256],
    ['pcma', 0x2a, -32_256],
    ['pcmu', 0xff, 0],
    ['pcmu', 0x80, 32_124],
    ['pcmu', 0x00, -32_124],
  ] as const)('%s code %i is %i', (law, code, value) => {
    expect(decodeG711(law, Uint8Array.of(code))[0]).toBe(value);
  });

  it.each(['pcma', 'pcmu'] as const)('%s keeps every code through a decoder and an encoder', (law) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const again = encodeG711(law, decodeG711(law, codes));
    // μ-law has two zeros; the encoder knows one.
    expect(again).toEqual(law === 'pcmu' ? codes.map((code) => (code === 0x7f ? 0xff : code)) : codes);
  });
});

describe('two test agents without the product between them', () => {
  it('carries each voice to the other side and ends on BYE', async () => {
    const callee = await started({ user: 'callee' });
    const caller = await started({ user: 'caller', proxy: { host: '127.0.0.1', port: callee.port } });
    const call = caller.call(`sip:callee@127.0.0.1:${callee.port};transport=tcp`);
    const incoming = await callee.nextCall();
    await incoming.answer();
    expect(await call.answered).toEqual({ status: 200, reason: 'OK' });
    const [low, high] = ['caller', 'callee'].map((name) =>
      readWav(`fixtures/voices/${name}.wav`).channels[0]!.subarray(0, 12_000),
    ) as [Int16Array, Int16Array];
    await Promise.all([call.rtp.play(low), incoming.rtp.play(high)]);
    await call.hangUp();
    await incoming.ended;
    const atCallee = align(incoming.rtp.heard(), low.subarray(0, 8000));
    const atCaller = align(call.rtp.heard(), high.subarray(0, 8000));
    expect(atCallee.correlation).toBeGreaterThan(0.99);
    expect(atCaller.correlation).toBeGreaterThan(0.99);
    expect(align(call.rtp.heard(), low.subarray(0, 8000)).correlation).toBeLessThan(0.5);
    const heard = incoming.rtp.heard().subarray(atCallee.lag, atCallee.lag + 8000);
    expect(signalToNoise(low.subarray(0, 8000), heard)).toBeGreaterThan(30);
  });

  it('holds and resumes: the held side stops sending', async () => {
    const callee = await started({ user: 'callee', laws: ['pcmu'] });
    const caller = await started({ user: 'caller', proxy: { host: '127.0.0.1', port: callee.port } });
    const call = caller.call(`sip:callee@127.0.0.1:${callee.port};transport=tcp`);
    const incoming = await callee.nextCall();
    await incoming.answer();
    await call.answered;
    expect(call.media.law).toBe('pcmu');
    await call.hold();
    expect(incoming.media.remote?.direction).toBe('sendonly');
    const sent = incoming.rtp.packetsSent;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(incoming.rtp.packetsSent).toBe(sent);
    await call.resume();
    await incoming.rtp.play(new Int16Array(1600));
    expect(incoming.rtp.packetsSent).toBeGreaterThan(sent);
    await incoming.hangUp();
    await call.ended;
  });

  it('reports a rejection', async () => {
    const callee = await started({ user: 'callee' });
    const caller = await started({ user: 'caller', proxy: { host: '127.0.0.1', port: callee.port } });
    const call = caller.call(`sip:callee@127.0.0.1:${callee.port};transport=tcp`);
    await (await callee.nextCall()).reject(486);
    expect((await call.answered).status).toBe(486);
  });
});

describe('the measuring tools', () => {
  it('measures a tone, and nothing beside it', () => {
    const samples = Int16Array.from(
      { length: 8000 },
      (_, n) => 1000 * Math.sin((2 * Math.PI * 700 * n) / 8000),
    );
    expect(amplitudeAt(samples, 700)).toBeCloseTo(1000, -1);
    expect(amplitudeAt(samples, 760)).toBeLessThan(5);
  });

  it.each([0, 1, 777, 4001, -33])('finds a piece at lag %i and no other', (lag) => {
    const whole = readWav('fixtures/voices/callee.wav').channels[0]!.subarray(0, 16_000);
    const from = Math.max(0, lag);
    const part =
      lag < 0
        ? Int16Array.from([...new Array<number>(-lag).fill(0), ...whole.subarray(0, 3000)])
        : whole.subarray(from, from + 3000);
    const found = align(whole, part, -100);
    expect(found.lag).toBe(lag);
    expect(found.correlation).toBeCloseTo(1, 6);
  });

  it('reads the WAV that it writes', () => {
    const channels = [Int16Array.of(1, -2, 3), Int16Array.of(4, 5, -32_768)];
    expect(readWav(wavBytes({ sampleRate: 8000, channels }))).toEqual({ sampleRate: 8000, channels });
  });
});
