/** Counts what was downloaded with each grant. A process that dies at any instant loses about a second of it at most. */
export interface GrantUsage {
  /** Bytes that went out just now; cheap enough to be called for every piece. */
  add(grantUid: string, bytes: number): void;
  /** All bytes so far, those of a moment ago included; 0 of a grant that nobody used. */
  served(grantUid: string): number;
  /** When bytes last went out, in milliseconds since 1970. */
  lastUsed(grantUid: string): number | undefined;
  /** Forgets a grant that is gone. None is no error. */
  forget(grantUid: string): void;
}
