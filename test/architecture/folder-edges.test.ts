import { readdirSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { beforeAll, describe, expect, it } from 'vitest';

const pure = ['kernel'];
const meaning = ['sip', 'sdp', 'rtp', 'audio', ...pure];
const keeping = ['records', 'policy', ...meaning];

/**
 * Who may import whom (a folder may always import itself). Dependencies run one way:
 * app → edges → stages → records, policy → sip, sdp, rtp, audio → kernel. Stages never import each other.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  sip: pure,
  // A line of a=crypto is a key of SRTP.
  sdp: ['rtp', ...pure],
  rtp: pure,
  audio: pure,
  records: meaning,
  policy: ['records', ...meaning],
  signalling: keeping,
  consent: keeping,
  media: keeping,
  recording: keeping,
  storage: keeping,
  journal: keeping,
  access: keeping,
  link: keeping,
  governance: keeping,
  persistence: keeping,
  metrics: keeping,
  // The routes speak of what stages own through ports of their own.
  api: ['access', 'link', ...keeping],
  // Reads the part that each stage describes of itself.
  config: ['signalling', 'consent', 'media', 'storage', 'link', 'persistence', 'api', ...keeping],
  app: ['*'],
};

/** npm packages that only one folder may import. */
const soleImporters: Readonly<Record<string, readonly string[]>> = {
  kysely: ['persistence'],
  pg: ['persistence'],
  '@electric-sql/pglite': ['persistence'],
  '@electric-sql/pglite-socket': ['persistence'],
  'prom-client': ['metrics'],
  'age-encryption': ['storage'],
  fastify: ['api'],
  'dns-packet': ['signalling'],
  pino: ['app'],
  wavefile: ['audio'],
  opusscript: ['audio'],
  koffi: ['kernel'],
  ws: ['signalling'],
};

interface Edge {
  readonly from: string;
  readonly to: string;
}

let edges: Edge[] = [];
let sources = 0;

beforeAll(async () => {
  const { output } = await cruise(['src'], {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['node', 'import', 'default'],
    },
  });
  const { modules } = output as ICruiseResult;
  const own = modules.filter(({ source }) => source.startsWith('src/'));
  sources = own.length;
  edges = own.flatMap(({ source, dependencies }) =>
    dependencies.map(({ resolved }) => ({ from: source, to: resolved })),
  );
});

const folderOf = (path: string): string => path.split('/')[1] ?? '';

describe('the tree shows the architecture', () => {
  it('saw the sources and their imports at all', () => {
    expect(sources).toBeGreaterThan(60);
    expect(edges.filter(({ to }) => to.startsWith('src/')).length).toBeGreaterThan(60);
  });

  it('has a row for each folder and a folder for each row', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const filled = folders.map(({ name }) => name).filter((name) => readdirSync(`src/${name}`).length > 0);
    expect(filled.toSorted()).toEqual(Object.keys(allowed).toSorted());
  });

  it('imports only along the allowed edges', () => {
    const forbidden = edges.filter(({ from, to }) => {
      const here = folderOf(from);
      if (!to.startsWith('src/') || from === 'src/main.ts' || folderOf(to) === here) return false;
      return !(allowed[here]?.includes('*') ?? false) && !(allowed[here]?.includes(folderOf(to)) ?? false);
    });
    expect(forbidden).toEqual([]);
  });

  it('imports a guarded package only where it belongs', () => {
    const strays = edges.filter(({ from, to }) => {
      const guarded = Object.keys(soleImporters).find((name) => to.includes(`node_modules/${name}/`));
      return guarded !== undefined && !(soleImporters[guarded] ?? []).includes(folderOf(from));
    });
    expect(strays).toEqual([]);
  });

  it('reads argv and the environment only in main.ts', async () => {
    const { readFile, glob } = await import('node:fs/promises').then((fs) => ({
      readFile: fs.readFile,
      glob: fs.readdir,
    }));
    const files = await glob('src', { recursive: true });
    const readers: string[] = [];
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      if (/process\.(env|argv)\b/.test(await readFile(`src/${file}`, 'utf8'))) readers.push(file);
    }
    expect(readers).toEqual(['main.ts']);
  });
});
