import { join } from 'node:path';
import { packageDirectory } from './package-directory.ts';
import { freeTcpPort, freeUdpRange } from './free-ports.ts';

export interface ConfigPlan {
  /** SIP URIs of the two sides' user agents. */
  readonly pbxTarget: string;
  readonly trunkTarget: string;
  /** SIP ports of the node: `lan` serves the PBX, `wan` the trunk. */
  readonly lanPort: number;
  readonly wanPort: number;
  readonly transport?: 'tcp' | 'udp';
  readonly mediaPorts?: readonly [first: number, last: number];
  /** Laid over the one rule that records everything. */
  readonly rule?: Readonly<Record<string, unknown>>;
  /** Laid over the PBX's peer. */
  readonly pbxPeer?: Readonly<Record<string, unknown>>;
  /** Rules that come before it. */
  readonly rulesBefore?: readonly Readonly<Record<string, unknown>>[];
  /** More listeners and peers beside the two. */
  readonly listeners?: readonly Readonly<Record<string, unknown>>[];
  readonly peers?: readonly Readonly<Record<string, unknown>>[];
  readonly prompts?: readonly Readonly<Record<string, unknown>>[];
  /** Laid over the whole configuration's sections. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

export const englishPrompt = {
  id: 'quality-en',
  language: 'en',
  file: join(packageDirectory, 'fixtures/prompts/quality-en.wav'),
  purpose: 'quality',
  text: 'This call may be recorded for quality and training purposes.',
};

export const announcedElsewhere = {
  mode: 'automatic',
  purpose: 'quality',
  announce: 'elsewhere',
  told: 'The exchange has told both parties.',
};

/** A configuration on 127.0.0.1 with a listener a side, so that peers on one address are told apart. JSON is YAML. */
export async function nodeConfig(plan: ConfigPlan): Promise<string> {
  const transport = plan.transport ?? 'tcp';
  const mediaFirst = plan.mediaPorts?.[0] ?? (await freeUdpRange(40));
  const mediaLast = plan.mediaPorts?.[1] ?? mediaFirst + 39;
  const address = '127.0.0.1';
  return JSON.stringify(
    {
      node: { id: 'test-1', dataDir: './data', drainSeconds: 0 },
      sip: {
        listeners: [
          { id: 'lan', transport, address, port: plan.lanPort },
          { id: 'wan', transport, address, port: plan.wanPort },
          ...(plan.listeners ?? []),
        ],
        peers: [
          {
            ...{ id: 'pbx', side: 'pbx', listener: 'lan', match: ['127.0.0.1/32'] },
            targets: [plan.pbxTarget],
            ...plan.pbxPeer,
          },
          {
            id: 'carrier',
            side: 'trunk',
            listener: 'wan',
            match: ['127.0.0.1/32'],
            targets: [plan.trunkTarget],
          },
        ],
        routes: [
          { from: 'pbx', to: ['carrier'] },
          { from: 'carrier', to: ['pbx'] },
        ],
      },
      media: { address, ports: `${mediaFirst}-${mediaLast}` },
      consent: { prompts: plan.prompts ?? [englishPrompt] },
      purposes: [
        {
          id: 'quality',
          description: 'Quality assurance and staff training',
          legalBasis: 'legitimate-interest',
          retention: '90d',
        },
      ],
      recording: {
        rules: [
          ...(plan.rulesBefore ?? []),
          {
            id: 'everything',
            mode: 'automatic',
            purpose: 'quality',
            announce: { prompt: 'quality-en', to: 'all', when: 'on-answer' },
            ...plan.rule,
          },
        ],
      },
      http: { address, port: await freeTcpPort() },
      ...plan.sections,
    },
    null,
    2,
  );
}
