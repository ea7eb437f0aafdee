import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { descriptorOf, socketOptions } from '../../src/kernel/socket-options.ts';
import { option, socketOption } from '../support/socket-option.ts';

describe.skipIf(process.platform !== 'linux')('socket options', () => {
  it.each([
    ['udp4', '127.0.0.1', [option.tos]],
    ['udp6', '::1', [option.trafficClass]],
    ['udp6', '::', [option.trafficClass, option.tos]],
  ] as const)('RFC 2474 §3: a codepoint is the upper six bits (%s on %s)', async (type, address, options) => {
    const socket = createSocket(type);
    socket.bind(0, address);
    await once(socket, 'listening');
    expect(socketOptions.mark(socket, 46)).toBe(true);
    const fd = descriptorOf(socket) ?? -1;
    expect(options.map((one) => socketOption(fd, one))).toEqual(options.map(() => 46 << 2));
    socket.close();
  });

  it('what has no descriptor, or one that is no socket, is refused', () => {
    expect(socketOptions.mark({}, 46)).toBe(false);
    expect(socketOptions.mark({ _handle: { fd: 1_000_000 } }, 46)).toBe(false);
    expect(socketOptions.limitSilence({ _handle: null }, 1_000)).toBe(false);
  });
});
