/** Hz at which a recording can be made: G.711's, G.722's and Opus's own. */
export const recordingRates = [8000, 16_000, 48_000] as const;

export type RecordingRate = (typeof recordingRates)[number];
