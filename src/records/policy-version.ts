/** A set of rules, purposes, schedules and prompts that a node began to decide by. Written once. */
export interface PolicyVersion {
  readonly id: string;
  readonly nodeId: string;
  /** Hexadecimal SHA-256 of the document; the same rules have the same version wherever and whenever they hold. */
  readonly version: string;
  readonly at: string;
  /** Who: `start`, `signal`, or the identity of a token. */
  readonly actor: string;
  /** What is different from before, a line each. */
  readonly changes: readonly string[];
  /** JSON with sorted keys. */
  readonly document: string;
}
