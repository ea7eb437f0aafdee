import { afterEach, describe, it } from 'vitest';
import { judge } from './judge.ts';
import { type Ipv6Case, rfc5118Cases } from './rfc5118-cases.ts';
import { type TortureScene, tortureScene } from './torture-scene.ts';

let scene: TortureScene | null = null;

afterEach(async () => {
  await scene?.close();
  scene = null;
});

const rows = rfc5118Cases.map(
  (one) => [`${one.section} ${one.name} (${one.validity}): "${one.says}"`, one] as const,
);

/**
 * The message as it goes out. What the RFC's own messages leave open is filled in: Content-Length; and the
 * port of the top Via, which is the one that the test listens on, since an answer to a datagram goes there.
 */
function messageOf({ lines, body = [] }: Ipv6Case, port: number): string {
  const content = body.map((line) => `${line}\r\n`).join('');
  const topVia = lines.findIndex((line) => line.startsWith('Via:'));
  const head = lines.map((line, at) =>
    at === topVia ? line.replace(/^(Via: \S+ (?:\[[^\]]+\]|[^;:\s]+))(?::\d+)?;/, `$1:${port};`) : line,
  );
  return [
    ...head,
    ...(content === '' ? [] : ['Content-Type: application/sdp']),
    ...[`Content-Length: ${content.length}`, '', content],
  ].join('\r\n');
}

describe('RFC 5118', () => {
  describe.each(['udp', 'tcp'] as const)('over %s, on ::1', (transport) => {
    it.each(rows)('§%s', async (_title, torture) => {
      scene = await tortureScene({ transport, address: '::1', callerPort: 0 });
      // A socket of ours of the family that the caller's audio line names.
      if (/^c=IN IP6/m.test(torture.body?.join('\n').split('m=video')[0] ?? ''))
        scene.node.director.nearMedia = '::1';
      await judge(scene, messageOf(torture, scene.caller.local.port), torture.expect);
    });
  });
});
