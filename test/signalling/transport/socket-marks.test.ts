import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/kernel/logger.ts';
import { createMeter } from '../../../src/kernel/meter.ts';
import { SocketMarks } from '../../../src/signalling/transport/socket-marks.ts';
import { descriptorsAt, option, socketOption } from '../../support/socket-option.ts';
import { rawRequest, rawTcp, rawTls } from './raw-peer.ts';
import type { RawTcp } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const certs = join(import.meta.dirname, 'certs');

let under: StackUnderTest;
const peers: RawTcp[] = [];
afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await under.stack.close();
});

describe.skipIf(process.platform !== 'linux')('DSCP of SIP', () => {
  it('of datagrams: 24, or what the listener says', async () => {
    under = await stackUnderTest({
      listeners: [{ id: 'marked', transport: 'udp', address: '::1', port: 0, dscp: 40 }],
    });
    const [plain = -1] = descriptorsAt('udp', under.ports['udp'] ?? 0);
    const [marked = -1] = descriptorsAt('udp6', under.ports['marked'] ?? 0);
    expect(socketOption(plain, option.tos)).toBe(24 << 2);
    expect(socketOption(marked, option.trafficClass)).toBe(40 << 2);
  });

  it('of connections over TCP and TLS, which also end when 20 s are not acknowledged', async () => {
    under = await stackUnderTest({
      listeners: [
        {
          ...{ id: 'tls', transport: 'tls', address: '127.0.0.1', port: 0 },
          ...{ cert: join(certs, 'node.pem'), key: join(certs, 'node.key') },
        },
      ],
    });
    for (const [id, dial] of [
      ['tcp', rawTcp],
      ['tls', rawTls],
    ] as const) {
      const port = under.ports[id] ?? 0;
      const peer = await dial(port);
      peers.push(peer);
      const via = `SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${id}`;
      peer.send(rawRequest(0, { method: 'OPTIONS', callId: id, via }));
      await nextOf(under, 'request');
      const accepted = descriptorsAt('tcp', port).filter(
        (fd) => socketOption(fd, option.userTimeout) === 20_000,
      );
      expect(accepted.map((fd) => socketOption(fd, option.tos))).toEqual([24 << 2]);
    }
  });
});

describe('where the system sets no options', () => {
  it('that is said once, and counted each time', async () => {
    under = await stackUnderTest();
    const meter = createMeter();
    const said: string[] = [];
    const logger = { ...silentLogger, warn: (event: string) => said.push(event) };
    const marks = new SocketMarks({
      listener: { id: 'lan', transport: 'udp', address: '127.0.0.1', port: 0 },
      ...{ logger, meter },
      system: { mark: () => false, limitSilence: () => true },
    });
    marks.set({}, 'datagram');
    marks.set({}, 'stream');
    expect(said).toEqual(['sip-socket-options-refused']);
    expect(meter.snapshot()).toMatchObject([
      { name: 'onrecord_sip_socket_options_refused_total', labels: { listener: 'lan' }, value: 2 },
    ]);
  });
});
