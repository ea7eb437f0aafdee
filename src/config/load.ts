import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node, parse, visit } from 'yaml';
import type { z } from 'zod';
import { err, ok, type Result } from '../kernel/result.ts';
import { crossCheck } from './cross-check.ts';
import { type ConfigFault, type KeyFault, type KeyPath, printPath } from './fault.ts';
import { type Config, configSchema } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration that may be run, and what is to be said of it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly ConfigFault[];
  /** Finds the line of a fault that was seen later. */
  readonly place: (fault: KeyFault) => ConfigFault;
}

/** Reads a configuration: YAML, `${NAME}` from the environment, the schema, then what parts say of each other. */
export function loadConfig(
  text: string,
  file: string,
  env: Environment,
): Result<LoadedConfig, readonly ConfigFault[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = ({ path, message, severity = 'fault' }: KeyFault): ConfigFault => ({
    ...{ file, severity, message },
    line: lineOf(document, lines, path),
    key: printPath(path),
  });
  const at = (offset: number, message: string): ConfigFault => ({
    ...{ file, severity: 'fault', key: '', message },
    line: lines.linePos(offset).line,
  });
  const [broken] = document.errors;
  if (broken !== undefined)
    return err([at(broken.pos[0], `is not YAML: ${broken.message.split('\n')[0] ?? ''}`)]);
  keepNumbersAsWritten(document);
  const missing = replaceEnvironment(document, env);
  if (missing.length > 0) return err(missing.map(({ offset, message }) => at(offset, message)));
  const parsed = configSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) return err(parsed.error.issues.flatMap(faultsOf).map(place));
  const found = crossCheck(parsed.data).map(place);
  const faults = found.filter(({ severity }) => severity === 'fault');
  return faults.length > 0 ? err(faults) : ok({ config: parsed.data, warnings: found, place });
}

/** To YAML `+352621000000` and `0621` are numbers and lose what they begin with; to a telephone they do not. */
function keepNumbersAsWritten(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'number' && /^[+0]\d+$/.test(node.source ?? '')) node.value = node.source;
    },
  });
}

interface MissingVariable {
  readonly offset: number;
  readonly message: string;
}

/** Values only, after parsing, so that a variable cannot add keys. A lone `${PORT}` may become a number. */
function replaceEnvironment(document: Document, env: Environment): MissingVariable[] {
  const missing: MissingVariable[] = [];
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'string' || !node.value.includes('${')) return;
      const lone = /^\$\{\w+\}$/.test(node.value) && node.type === 'PLAIN';
      const text = node.value.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
        const value = env[name];
        if (value === undefined) {
          const message = `the environment has no ${name}; set it or write the value here`;
          missing.push({ offset: node.range?.[0] ?? 0, message });
        }
        return value ?? '';
      });
      node.value = lone ? scalarOf(text) : text;
    },
  });
  return missing;
}

function scalarOf(text: string): unknown {
  const value: unknown = /^-?\d+$|^true$|^false$/.test(text) ? parse(text) : text;
  return value;
}

function faultsOf(issue: z.core.$ZodIssue): KeyFault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: 'is not a known key; remove it or mend its name',
    }));
  }
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  if (issue.code === 'invalid_union')
    return [{ path, message: closestBranch(issue.errors) ?? issue.message }];
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [{ path, message: `is missing; give it (${issue.expected})` }];
  }
  return [{ path, message: issue.message }];
}

/** Of a union's branches the one with the fewest faults is what the writer meant. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): string | null {
  const closest = branches.toSorted((a, b) => a.length - b.length)[0]?.[0];
  if (closest === undefined) return null;
  const [fault] = faultsOf(closest);
  if (fault === undefined) return null;
  return fault.path.length === 0 ? fault.message : `${printPath(fault.path)}: ${fault.message}`;
}

/** The line of the deepest part of the path that is written down. */
function lineOf(document: Document, lines: LineCounter, path: KeyPath): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = keyNode(document, path.slice(0, depth));
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** The key of a map's entry where there is one, since its value may begin on the next line. */
function keyNode(document: Document, path: KeyPath): Node | null {
  const last = path.at(-1);
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    return isScalar(pair?.key) ? pair.key : null;
  }
  return (document.getIn(path, true) ?? null) as Node | null;
}
