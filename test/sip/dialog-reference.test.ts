import { describe, expect, it } from 'vitest';
import {
  parseDialogReference,
  printDialogReference,
  replacesForm,
  targetDialogForm,
} from '../../src/sip/dialog-reference.ts';
import { uriHeader, withUriHeader } from '../../src/sip/uri-headers.ts';

describe('parseDialogReference', () => {
  it.each([
    [
      'RFC 3891 §6.1: to-tag is of who receives it',
      '425928@bobster.example.org;to-tag=7743;from-tag=6472',
      { callId: '425928@bobster.example.org', localTag: '7743', remoteTag: '6472' },
    ],
    [
      'in any order, with white space, early-only and what is not known',
      '98732@sip.example.com ; from-tag=r33th4x0r;early-only;x=y; To-Tag=ff87ff',
      { callId: '98732@sip.example.com', localTag: 'ff87ff', remoteTag: 'r33th4x0r' },
    ],
    [
      'a tag of "0" is one of RFC 2543',
      '1;to-tag=0;from-tag=0',
      { callId: '1', localTag: '0', remoteTag: '0' },
    ],
  ])('%s', (_rule, value, named) => {
    expect(parseDialogReference(value, replacesForm)).toMatchObject(named);
  });

  it.each([
    ['one tag is not enough', '12@b;to-tag=1'],
    ['two of a kind are too many', '12@b;to-tag=1;to-tag=2;from-tag=3'],
    ['a tag needs a value', '12@b;to-tag;from-tag=3'],
    ['no Call-ID', ';to-tag=1;from-tag=3'],
    ['two elements', '1;to-tag=1;from-tag=3, 2;to-tag=1;from-tag=3'],
    ['a Call-ID is one word', '1 2;to-tag=1;from-tag=3'],
    ['nothing', ''],
    ['a line end', '1\r\nX: y;to-tag=1;from-tag=3'],
  ])('%s', (_rule, value) => {
    expect(parseDialogReference(value, replacesForm)).toBeNull();
  });

  it('RFC 4538 §7: Target-Dialog says local and remote, of who receives it', () => {
    const value = 'fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544';
    expect(parseDialogReference(value, targetDialogForm)).toMatchObject({
      localTag: 'kkaz-',
      remoteTag: '6544',
    });
  });
});

it('printDialogReference names another dialog and keeps the rest where it was', () => {
  const parsed = parseDialogReference('a;from-tag=1;early-only;to-tag=2', replacesForm)!;
  const other = { callId: 'b@c', localTag: 'mine', remoteTag: 'theirs' };
  expect(printDialogReference(parsed, other, replacesForm)).toBe(
    'b@c;from-tag=theirs;early-only;to-tag=mine',
  );
});

describe('headers of a URI (RFC 3261 §19.1.1)', () => {
  const written = 'Require=replaces&Replaces=12345%40192.0.2.4%3Bto-tag%3D12345%3bfrom-tag%3D5FFE-3994';

  it.each([
    ['by its name, escapes undone', written, 'replaces', '12345@192.0.2.4;to-tag=12345;from-tag=5FFE-3994'],
    ['names have no case, and may be escaped', 'r%45places=1', 'replaces', '1'],
    ['what is not there', written, 'subject', null],
    ['twice is not to be guessed', 'Replaces=1&replaces=2', 'replaces', null],
    ['no headers', null, 'replaces', null],
    ['an empty one', 'Subject=', 'subject', ''],
  ])('%s', (_rule, headers, name, value) => {
    expect(uriHeader(headers, name)).toBe(value);
  });

  it('one is replaced, escaped, and the others stay byte for byte', () => {
    expect(withUriHeader(`A=%41&${written}`, 'replaces', 'x@y;to-tag=1;from-tag="&"=%')).toBe(
      'A=%41&Require=replaces&Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D%22%26%22%3D%25',
    );
  });
});
