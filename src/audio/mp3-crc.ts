const table = Uint16Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** CRC-16 (polynomial 0x8005, reflected) as the LAME tag uses it. *Borrows* the bytes until return. */
export function crc16(crc: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  let value = crc;
  for (let i = from; i < to; i++)
    value = (value >>> 8) ^ (table[(value ^ (bytes[i] as number)) & 0xff] as number);
  return value;
}
