import { readFileSync } from 'node:fs';
import { seededRandom } from '../support/random.ts';
import { readWav } from '../support/wav-file.ts';

/** Loud enough to clip somewhere, quiet enough to be speech: the samples of a voice, taken as 16000 Hz. */
const speech = (): Int16Array => readWav(readFileSync('fixtures/voices/caller.wav')).channels[0]!;
const noise = (): Int16Array => {
  const random = seededRandom(722);
  return Int16Array.from({ length: 32_000 }, () => Math.floor(random() * 65_536) - 32_768);
};
const square = (): Int16Array =>
  Int16Array.from({ length: 32_000 }, (_, i) => (i % 6 < 3 ? 32_767 : -32_768));
const whisper = (): Int16Array => {
  const random = seededRandom(16);
  return Int16Array.from({ length: 32_000 }, () => Math.floor(random() * 7) - 3);
};

/**
 * What ffmpeg 5.1's encoder makes of some inputs at 16000 Hz, as the SHA-256 of all octets. Made with
 *
 *     ffmpeg -f s16le -ar 16000 -ac 1 -i INPUT -c:a g722 -f g722 OCTETS && sha256sum OCTETS
 *
 * and what its decoder makes of those octets, `decodedSha256`:
 *
 *     ffmpeg -f g722 -i OCTETS -f s16le - | sha256sum
 */
export const g722Vectors = [
  {
    name: 'speech',
    samples: speech,
    sha256: '96a9fc12dea4d5e24520b5aaf0c5dbfebb234f403ce0793ce657817897c01e79',
    decodedSha256: 'f4b53ccb436e0e675c64e522c101af5d872386d8bc9e9dd67fa8420616548be9',
  },
  {
    name: 'noise at full scale',
    samples: noise,
    sha256: '3d080a482b2c9909f34d5a27ee9b3ebedacf8b417cf657275f7448e8b609b6f1',
    decodedSha256: 'fd1f2c47f5ccb98aeba2a6d137b1a54d959a84ad9b468b6f707cc26e321fc010',
  },
  {
    name: 'a square wave that overdrives both bands',
    samples: square,
    sha256: '930c6ab25f1946fe10a505d4791ce32d3f1358118d87fa6ab4ea4426da6e98a5',
    decodedSha256: 'fd23ecc7278905e92215a5fe354e26c6cf7f36fcba293088acb20f476e8daaa9',
  },
  {
    name: 'noise of a few steps',
    samples: whisper,
    sha256: '7107c6eceed5034e31765c059c731a34747388cdf9626cf44ab189c74c465dc2',
    decodedSha256: '1c33bfc5ff5765fc29bd1c919673fee327812a3a48a5429b268406250c61cb89',
  },
  {
    name: 'silence',
    samples: () => new Int16Array(16_000),
    sha256: '9c0b9b2330c2fa6b38a5799a186bfcec138aa6445a5c4dd2d5e44b70897271c7',
    decodedSha256: '67f04dfd3801f7a0b3f52d52e00fcb9df8190acf4b9ead906a2c7cb320c8cfc8',
  },
];

/** Octets that no encoder wrote, and what ffmpeg's decoder makes of them, by the same command. */
export const g722Garbage = {
  octets: (): Uint8Array => {
    const random = seededRandom(9);
    return Uint8Array.from({ length: 32_000 }, () => Math.floor(random() * 256));
  },
  decodedSha256: '0397fd9fe6d531d7f2d38eb91dab46b32ed1971dcbf7106e4825d361334f9282',
};
