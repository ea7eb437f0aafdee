import type { CallRecord } from './call-record.ts';
import type { ConsentRecord } from './consent-record.ts';
import type { ControlEvent } from './control-event.ts';
import type { DestroyedKey } from './destroyed-key.ts';
import type { NumberListing } from './do-not-record.ts';
import type { KeyRecord } from './key-record.ts';
import type { PackedLadder } from './ladder-record.ts';
import type { PromptReceipt } from './prompt-receipt.ts';
import type { PolicyVersion } from './policy-version.ts';
import type { RecordingRecord } from './recording-record.ts';

/**
 * What the proxy has to say to the database. Journalled first; storing one twice, or an older version
 * after a newer one, changes nothing.
 */
export type RecordEvent =
  | { readonly kind: 'call'; readonly call: CallRecord }
  | { readonly kind: 'recording'; readonly recording: RecordingRecord }
  | { readonly kind: 'consent'; readonly consent: ConsentRecord }
  | { readonly kind: 'receipt'; readonly receipt: PromptReceipt }
  | { readonly kind: 'control'; readonly control: ControlEvent }
  | { readonly kind: 'key'; readonly key: KeyRecord }
  | { readonly kind: 'destroyed'; readonly destroyed: DestroyedKey }
  | { readonly kind: 'ladder'; readonly ladder: PackedLadder }
  | { readonly kind: 'policy'; readonly policy: PolicyVersion }
  | { readonly kind: 'listing'; readonly listing: NumberListing };
