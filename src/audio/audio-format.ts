/** What a recording's file is: a WAV of linear or companded samples, or an MP3. */
export type AudioFormat = 'wav' | 'wav-alaw' | 'wav-mulaw' | 'mp3';

/** How the samples of a WAV file are coded. */
export type WavCoding = 'pcm16' | 'alaw' | 'mulaw';

const codings: Readonly<Record<Exclude<AudioFormat, 'mp3'>, WavCoding>> = {
  wav: 'pcm16',
  'wav-alaw': 'alaw',
  'wav-mulaw': 'mulaw',
};

/** Null: an MP3, which has no samples that could be looked at. */
export function wavCodingOf(format: AudioFormat): WavCoding | null {
  return format === 'mp3' ? null : codings[format];
}

export function bytesPerSample(coding: WavCoding): 1 | 2 {
  return coding === 'pcm16' ? 2 : 1;
}
