import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly [section in 'dependencies' | 'devDependencies' | 'optionalDependencies']: Readonly<
    Record<string, string>
  >;
} & { readonly allowScripts: Readonly<Record<string, boolean>> };
const atRunTime = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.dev !== true);

describe('the packages that Onrecord needs', () => {
  it('are all named in the third-party notices', () => {
    const notices = readFileSync('THIRD-PARTY-NOTICES.md', 'utf8');
    const missing = atRunTime
      .filter(([, entry]) => entry.optional !== true)
      .map(([path, { version = '' }]) => `| ${path.split('node_modules/').at(-1) ?? ''} | ${version} |`)
      .filter((row) => !notices.includes(row));
    expect(missing).toEqual([]);
  });

  it('run no script at install; the one that has a script is optional, and is denied it', () => {
    const scripted = atRunTime.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(scripted.map(([path, { optional }]) => [path, optional])).toEqual([['node_modules/koffi', true]]);
    expect(manifest.allowScripts).toHaveProperty('koffi', false);
  });

  it('are locked without a download address', () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  it('are pinned exactly', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, range]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range),
    );
    expect(loose).toEqual([]);
  });
});
