/** Control, format and bidirectional characters, and what has no meaning: a terminal may obey them. */
const obeyed = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** What an outsider wrote, as a terminal may show it: `\x1b`, `\u{202e}` stand for what it would obey. */
export function printable(text: string): string {
  return text.replace(obeyed, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
  });
}
