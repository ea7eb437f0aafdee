/** ITU-T E.164.D: calling codes of one and two digits; every other has three. */
const shortCodes: ReadonlySet<string> = new Set([
  ...[
    '1',
    '7',
    '20',
    '27',
    '30',
    '31',
    '32',
    '33',
    '34',
    '36',
    '39',
    '40',
    '41',
    '43',
    '44',
    '45',
    '46',
    '47',
  ],
  ...[
    '48',
    '49',
    '51',
    '52',
    '53',
    '54',
    '55',
    '56',
    '57',
    '58',
    '60',
    '61',
    '62',
    '63',
    '64',
    '65',
    '66',
    '81',
  ],
  ...['82', '84', '86', '90', '91', '92', '93', '94', '95', '98'],
]);

/** From here on a number can be called from outside, so it is somebody's. */
const nationalDigits = 7;

/**
 * A party as a log may show it, the same each time: country and the last two digits of a telephone number, else
 * only what it is. `+352…23`, `…23`, `extension`, `name`, `none`.
 */
export function maskNumber(user: string): string {
  if (user === '') return 'none';
  const number = /^(\+|00)?([\d\s.()/-]+)$/.exec(user);
  if (number === null) return /^anonymous$/i.test(user) ? 'anonymous' : 'name';
  const digits = (number[2] ?? '').replace(/\D/g, '');
  if (digits.length < nationalDigits) return 'extension';
  const code = number[1] === undefined ? '' : `+${callingCode(digits)}`;
  return `${code}…${digits.slice(-2)}`;
}

function callingCode(digits: string): string {
  return (
    [1, 2].map((length) => digits.slice(0, length)).find((code) => shortCodes.has(code)) ?? digits.slice(0, 3)
  );
}
