/** What stands where something was taken away. */
export const removed = '[removed]';

/** RFC 3261 §19.1.1: headers that a URI asks for, such as `?Authorization=...`, and keys of web addresses. */
const uriCredentials = /([?&][-\w%]{0,30}(?:auth|token|passw|secret|key)[-\w%]{0,30}=)[^&>\s]*/gi;
/** Digits dialled once the call is up: RFC 4967 dial strings, and `postd` of RFC 2806 §2.2. */
const dialString = /((?:sips?|tel):\+?[-\d*#.()]+)[,pw](?=[,pwa-d*#.-]*\d)[\da-d*#,pw.-]+(?=[@;>\s?]|$)/gi;
const postDial = /(;postd=)[^;@>\s]*/gi;

/** URIs without passwords and without digits that are dialled once a call is up. */
export function redactUris(text: string): string {
  if (!mayHide(text)) return text;
  return withoutPasswords(text)
    .replace(uriCredentials, `$1${removed}`)
    .replace(dialString, `$1,${removed}`)
    .replace(postDial, `$1${removed}`);
}

/**
 * One look at each character, since nearly no URI has anything to hide: only a second colon, a parameter or a pause
 * before an `@`, a `?` or `&`, a parameter that begins with p, and a scheme that ends in l (`tel:`) ask for more.
 */
function mayHide(text: string): boolean {
  let colons = 0;
  let marked = false;
  let last = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    switch (character) {
      case ':':
        if (last === 'l' || last === 'L') return true;
        colons += 1;
        break;
      case '@':
        if (colons > 1 || marked) return true;
        colons = 0;
        break;
      case '?':
      case '&':
        return true;
      case ';':
      case ',':
        marked = true;
        break;
      case 'p':
      case 'P':
      case 'w':
      case 'W':
        if (last === ';') return true;
        if (last >= '0' && last <= '9') marked = true;
        break;
      case ' ':
      case '\t':
      case '\r':
      case '\n':
      case '<':
      case '>':
      case '"':
        colons = 0;
        marked = false;
        break;
    }
    last = character;
  }
  return false;
}

/** §19.1.1: `sip:user:password@host`. By hand: a pattern would look at a hostile text again and again. */
function withoutPasswords(text: string): string {
  const parts = text.split('@');
  for (let i = 0; i < parts.length - 1; i++) {
    const part = parts[i] ?? '';
    const word = startOfWord(part);
    const found = /sips?:[^:]*:/i.exec(part.slice(word));
    if (found !== null) parts[i] = part.slice(0, word + found.index + found[0].length) + removed;
  }
  return parts.join('@');
}

/** Where the last run without white space, quotes and angle brackets begins. */
function startOfWord(text: string): number {
  let at = text.length;
  while (at > 0 && !' \t\r\n<>"'.includes(text.charAt(at - 1))) at -= 1;
  return at;
}
