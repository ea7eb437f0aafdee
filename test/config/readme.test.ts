import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { printFault } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Key paths of all leaves, arrays marked with `[]`. */
function leaves(schema: JsonSchema, path: string): string[] {
  if (schema.anyOf !== undefined) {
    const inner = schema.anyOf.flatMap((branch) => leaves(branch, path));
    return inner.length === 0 ? [path] : inner;
  }
  if (schema.items !== undefined) {
    const inner = leaves(schema.items, `${path}[]`);
    return inner.length === 1 && inner[0] === `${path}[]` ? [path] : inner;
  }
  if (schema.properties === undefined) return [path];
  return Object.entries(schema.properties).flatMap(([key, value]) =>
    leaves(value, path === '' ? key : `${path}.${key}`),
  );
}

const readme = readFileSync('README.md', 'utf8');
const table = readme.slice(readme.indexOf('| key | meaning'), readme.indexOf('## Operation'));
const written = new Set(
  Array.from(table.matchAll(/^\| ([^|]+) \|/gm), ([, cell = '']) => cell).flatMap((cell) =>
    Array.from(cell.matchAll(/`([^`]+)`/g), ([, key = '']) => key),
  ),
);
const json = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
/** The shorthand for one media interface is explained in the row of the long form. */
const shorthand = ['media.address', 'media.ports', 'media.advertise', 'media.dscp'];
const known = new Set(
  leaves(json, '')
    .map((key) => key.replace(/\[\]$/, ''))
    .filter((key) => !shorthand.includes(key)),
);

describe("the README's configuration table", () => {
  it('has a row for each key of the schema', () => {
    expect([...known].filter((key) => !written.has(key))).toEqual([]);
  });

  it('has no row for a key that the schema does not know', () => {
    expect([...written].filter((key) => !known.has(key) && key !== 'recording.rules[].announce')).toEqual([]);
  });
});

describe("the README's worked example", () => {
  it('loads as it stands beside two peers, without a warning', () => {
    const [, example = ''] = /\*\*A worked example[\s\S]*?```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
    const around = `
sip:
  listeners: [{ id: lan, transport: udp, address: 127.0.0.2 }]
  peers:
    - { id: pbx, side: pbx, listener: lan, match: [127.0.0.4], targets: ["sip:127.0.0.4"] }
    - { id: carrier, side: trunk, listener: lan, match: [127.0.0.3], targets: ["sip:127.0.0.3"] }
  routes: [{ from: pbx, to: [carrier] }, { from: carrier, to: [pbx] }]
media: { address: 127.0.0.2, ports: 20000-20099 }
`;
    const loaded = loadConfig(around + example, 'readme.yaml', {});
    expect(example).toContain('before-connect');
    expect((loaded.ok ? loaded.value.warnings : loaded.error).map(printFault)).toEqual([]);
  });
});
