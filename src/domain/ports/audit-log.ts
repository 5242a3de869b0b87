/** The append-only record of requests, grants and downloads. Nothing in it is ever changed; no secret ever enters it. */
export interface AuditLog {
  /** Durable when it returns. */
  append(record: NewAuditRecord): void;
  /** Newest first. */
  list(query: AuditQuery): AuditPage;
}

export interface NewAuditRecord {
  /** Who: "token:<name>", "grant:<uid>", "anonymous", "system". */
  readonly actor: string;
  readonly action:
    | "create"
    | "update"
    | "delete"
    | "cancel"
    | "issue"
    | "revoke"
    | "rotate"
    | "download"
    | "refuse";
  /** "Export", "DownloadGrant", "ApiToken" … */
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
  /** HTTP status of the answer. */
  readonly status: number;
  /** From where: the address of the peer. */
  readonly address?: string | undefined;
  /** Of a download: which file, which ranges ("0-499,1000-"), how many bytes went out, and whether it ended whole. */
  readonly download?:
    | { readonly file: string; readonly ranges: string; readonly bytes: number; readonly complete: boolean }
    | undefined;
  /** Of a refusal the code of the error; of a download that was left to a store, that it was, for its bytes are not known here. */
  readonly reason?: string | undefined;
}

export interface AuditRecord extends NewAuditRecord {
  /** Grows with every record. */
  readonly id: number;
  readonly time: string;
}

export interface AuditQuery {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** Only records older than this id. */
  readonly before?: number | undefined;
  /** At most this many, 1 to 1000. */
  readonly limit: number;
}

export interface AuditPage {
  readonly items: readonly AuditRecord[];
  /** `before` of the next page; missing at the end. */
  readonly next?: number;
}
