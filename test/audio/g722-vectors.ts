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
 *     ffmpeg -f s16le -ar 16000 -ac 1 -i INPUT -c:a g722 -f g722 - | sha256sum
 */
export const g722Vectors = [
  {
    name: 'speech',
    samples: speech,
    sha256: '96a9fc12dea4d5e24520b5aaf0c5dbfebb234f403ce0793ce657817897c01e79',
  },
  {
    name: 'noise at full scale',
    samples: noise,
    sha256: '3d080a482b2c9909f34d5a27ee9b3ebedacf8b417cf657275f7448e8b609b6f1',
  },
  {
    name: 'a square wave that overdrives both bands',
    samples: square,
    sha256: '930c6ab25f1946fe10a505d4791ce32d3f1358118d87fa6ab4ea4426da6e98a5',
  },
  {
    name: 'noise of a few steps',
    samples: whisper,
    sha256: '7107c6eceed5034e31765c059c731a34747388cdf9626cf44ab189c74c465dc2',
  },
  {
    name: 'silence',
    samples: () => new Int16Array(16_000),
    sha256: '9c0b9b2330c2fa6b38a5799a186bfcec138aa6445a5c4dd2d5e44b70897271c7',
  },
];
