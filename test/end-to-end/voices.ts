import { readWav } from '../support/wav-file.ts';

/** A piece of one of the two fixture voices; different pieces say different things. */
export function voice(name: 'caller' | 'callee', fromSeconds: number, seconds: number): Int16Array {
  const samples = readWav(`fixtures/voices/${name}.wav`).channels[0]!;
  return samples.subarray(fromSeconds * 8000, (fromSeconds + seconds) * 8000);
}

export function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
