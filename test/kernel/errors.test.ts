import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorRegistry } from '../../src/kernel/errors.ts';

const root = join(import.meta.dirname, '../..');
const codes = Object.entries(errorRegistry);

/** The table of the API's README: code, status, title. */
function documented(): Map<string, { status: number; title: string }> {
  const text = readFileSync(join(root, 'src/api/README.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (.+?) \|$/gm)];
  return new Map(
    rows.map(([, code = '', status = '', title = '']) => [code, { status: Number(status), title }]),
  );
}

function sourcesOf(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n');
}

describe('the registry of errors', () => {
  it('is what the documentation says, code by code', () => {
    const registered = new Map(codes.map(([code, { status, title }]) => [code, { status, title }]));
    expect(documented()).toEqual(registered);
  });

  it('has no code that the API never answers with', () => {
    const api = sourcesOf('src/api');
    const unused = codes
      .map(([code]) => code)
      .filter((code) => !new RegExp(`['\\s]${code}'?[:,);\\s]`).test(api));
    expect(unused).toEqual([]);
  });

  it.each(codes)('%s: a slug, an HTTP error status, a title and a way to mend it', (code, entry) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.title).toMatch(/^[A-Z][^.]{5,70}$/);
    expect(entry.mend).toMatch(/^[A-Z].{5,120}\.$/);
  });
});
