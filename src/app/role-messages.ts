/** What a role says to its supervisor, over the channel that `fork` gives. */
export type RoleMessage =
  | { readonly type: 'proxy-ready'; readonly sip: readonly string[] }
  | { readonly type: 'control-ready'; readonly http: string };

/** Exit codes that users see. */
export const exitCode = { done: 0, failure: 1, configuration: 2 } as const;
