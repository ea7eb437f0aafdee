import type { LegCounts } from '../../media/protocol.ts';
import type { LegQuality, LegRecord, Party } from '../../records/call-record.ts';
import type { CallEnd, NegotiatedMedia } from '../../signalling/ports.ts';
import { mediaCountsOf } from './media-counts-of.ts';
import { isSpoken } from './spoken-encodings.ts';

const indexOf = (party: Party): 0 | 1 => (party === 'caller' ? 0 : 1);

/** What is known of the two legs of a call: their codecs, and at the end what their media did. */
export class CallLegs {
  readonly ids: Readonly<Record<Party, string>>;
  readonly #codecs = new Map<Party, string>();
  #counts: readonly [LegCounts, LegCounts] | null = null;

  constructor(ids: Readonly<Record<Party, string>>) {
    this.ids = ids;
  }

  get codecs(): readonly string[] {
    return [...this.#codecs.values()];
  }

  /** Both legs have a codec that we decode. */
  get areSpoken(): boolean {
    return this.areAgreed && this.codecs.every(isSpoken);
  }

  get areAgreed(): boolean {
    return this.#codecs.size === 2;
  }

  agreed(party: Party, { transport, formats }: NegotiatedMedia): void {
    if (transport === 'udptl' && !this.#codecs.has(party)) this.#codecs.set(party, 'T38');
    const audio = formats.find(({ encoding }) => encoding !== 'TELEPHONE-EVENT' && encoding !== 'CN');
    if (audio !== undefined) this.#codecs.set(party, audio.encoding);
  }

  /** Their media are over; null: what they did is lost. */
  closed(counts: readonly [LegCounts, LegCounts] | null): void {
    this.#counts = counts;
  }

  /** As they stand in the call's record. */
  records(legs: CallEnd['legs']): readonly LegRecord[] {
    return this.counted(
      legs.map(({ party, peerId, sipCallId }) => ({
        id: this.ids[party],
        party,
        peerId,
        sipCallId,
        codec: this.#codecs.get(party) ?? null,
        media: null,
        quality: null,
      })),
    );
  }

  counted(legs: readonly LegRecord[]): readonly LegRecord[] {
    return legs.map((leg) => ({
      ...leg,
      media: mediaCountsOf(this.#counts?.[indexOf(leg.party)]),
      quality: this.qualityOf(leg.party),
    }));
  }

  /** How well a party was heard; null: nothing came, or its media are not over. */
  qualityOf(party: Party): LegQuality | null {
    return this.#counts?.[indexOf(party)].quality ?? null;
  }
}
