import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { nodeConfig } from '../support/node-config.ts';

async function warnings(pbxPeer: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const text = await nodeConfig({
    ...{ pbxTarget: 'sip:127.0.0.1:5080', trunkTarget: 'sip:127.0.0.1:5090', lanPort: 5060, wanPort: 5070 },
    ...{ mediaPorts: [20_000, 20_039], pbxPeer },
    listeners: [
      { id: 'safe', transport: 'tls', address: '127.0.0.1', port: 5061, cert: 'cert.pem', key: 'key.pem' },
    ],
  });
  const loaded = loadConfig(text, 'a.yaml', {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const found = loaded.value.warnings.filter(({ key }) => key.endsWith('.srtp'));
  return found.map(({ key, message }) => `${key}: ${message.split(';')[0]}`);
}

describe('keys of SRTP in SDP', () => {
  const warned = ['sip.peers[0].srtp: sends keys of SRTP in clear over listener "lan" (tcp)'];
  it.each([
    { name: 'over tcp', peer: { srtp: 'require' }, expected: warned },
    { name: 'over tcp, where they are only preferred', peer: { srtp: 'prefer' }, expected: warned },
    { name: 'over tls', peer: { srtp: 'require', listener: 'safe' }, expected: [] },
    { name: 'none', peer: {}, expected: [] },
  ])('$name', async ({ peer, expected }) => {
    expect(await warnings(peer)).toEqual(expected);
  });
});
