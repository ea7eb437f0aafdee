import type { ErrorCode } from '../../kernel/errors.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { ApiDeps } from '../create-api.ts';
import type { AudioFault, AudioForm, Conversion, DecodingFault } from '../ports.ts';

type Wanted = 'wav' | 'pcap';

/** Whether what is asked for is made of packets that were kept undecoded. */
export function isOfPackets({ reason }: RecordingRecord, format: string | undefined): format is Wanted {
  return format === 'pcap' || (format === 'wav' && reason === 'undecoded');
}

const byAudioFault: Readonly<Record<AudioFault, ErrorCode>> = {
  open: 'recording-open',
  'key-destroyed': 'recording-deleted',
  // Most recordings have no packets beside them, and nothing is wrong with that.
  missing: 'conversion-unsupported',
  damaged: 'audio-damaged',
  unavailable: 'unavailable',
};

const byDecodingFault: Readonly<Record<DecodingFault, ErrorCode>> = {
  busy: 'conversion-busy',
  unsupported: 'conversion-unsupported',
  damaged: 'audio-damaged',
  'no-decoder': 'no-decoder',
};

const asItIs = (form: AudioForm): Conversion => ({ form, release: () => undefined });

/** The packets as a file, or the audio with what ffmpeg makes of them. */
export async function openOfPackets(
  { audio, decoder }: Pick<ApiDeps, 'audio' | 'decoder'>,
  recording: RecordingRecord,
  wanted: Wanted,
  headOnly: boolean,
): Promise<Result<Conversion, ErrorCode>> {
  const packets = await audio.packets(recording);
  if (!packets.ok) return err(byAudioFault[packets.error]);
  const tag = recording.sha256 ?? recording.id;
  if (wanted === 'pcap') {
    const { value } = packets;
    const { size } = value;
    const read = (start: number, end: number): AsyncIterable<Uint8Array> => value.read(start, end);
    const contentType = 'application/vnd.tcpdump.pcap';
    return ok(asItIs({ size, read, contentType, kind: 'pcap', ranges: true, etag: `"${tag}-packets"` }));
  }
  const kept = await audio.open(recording);
  if (!kept.ok) return err(byAudioFault[kept.error]);
  const etag = `"${tag}-decoded"`;
  try {
    if (headOnly) {
      const { size, contentType } = kept.value;
      const read = (start: number, end: number): AsyncIterable<Uint8Array> => kept.value.read(start, end);
      return ok(asItIs({ size, read, contentType, kind: 'wav', ranges: true, etag }));
    }
    const decoded = await decoder.decode(kept.value, packets.value);
    return decoded.ok ? ok(asItIs({ ...decoded.value, etag })) : err(byDecodingFault[decoded.error]);
  } finally {
    kept.value.close();
  }
}
