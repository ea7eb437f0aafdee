import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
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
