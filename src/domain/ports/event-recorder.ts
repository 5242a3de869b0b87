/** Something that happened to a resource and that its status does not keep: for people who look at it later. */
export interface EventToRecord {
  /** `apiVersion` is the API group's, as in the resource; `namespace` is missing for what lies in none. */
  readonly about: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string | undefined;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: "Normal" | "Warning";
  /** One word for it in CamelCase, the same for all events of its sort. */
  readonly reason: string;
  /** What was done or tried, in CamelCase. */
  readonly action: string;
  /** One sentence; what is longer than 1 KiB is cut. */
  readonly note: string;
}

/**
 * Best effort: resolves also where it could not be recorded, and throws only when it is cancelled. The same event again
 * is counted instead of being written each time.
 */
export type RecordEvent = (event: EventToRecord, signal: AbortSignal) => Promise<void>;

/** The same without waiting for it. */
export type TellEvent = (event: EventToRecord) => void;
