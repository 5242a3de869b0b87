/** Something that another try may cure. */
export interface Trouble {
  readonly kind: "trouble";
  /** For a person: "the connection was cut". */
  readonly why: string;
  readonly cause?: unknown;
  /** What the server asked to wait. */
  readonly waitMs?: number | undefined;
  /** The export is not finished: to be waited for, however long it takes. */
  readonly isWaiting?: boolean;
  /** Nobody knows the server's name: rather a slip of the pen than a bad line. */
  readonly isUnknownHost?: boolean;
}

export const trouble = (why: string, more: Omit<Trouble, "kind" | "why"> = {}): Trouble => ({
  kind: "trouble",
  why,
  ...more,
});
