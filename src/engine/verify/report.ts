/** What a verification finds. */

/**
 * `document` a record that can't be read or contradicts another; `missing`, `size`, `digest` a file that is not what the manifest
 * says; `frame` and `entry` what of a damaged part is lost; `unlisted` a file that nobody vouches for; `leftover` one of an
 * interrupted run; `statement` a signature that does not hold.
 */
export type ProblemKind =
  | "document"
  | "missing"
  | "size"
  | "digest"
  | "frame"
  | "entry"
  | "unlisted"
  | "leftover"
  | "statement";

export interface Problem {
  readonly kind: ProblemKind;
  /** Byte string, relative to the export's folder. */
  readonly object: string;
  readonly part?: number;
  /** Byte string. */
  readonly entry?: string;
  /** Counted from 0. */
  readonly frame?: number;
  readonly message: string;
}

/** `signed`: by the key that the statement itself names, which shows integrity only; `trusted`: by the key that was given. */
export type StatementState =
  | { readonly state: "absent" }
  | { readonly state: "signed" | "trusted"; readonly key: string; readonly subject: string }
  | { readonly state: "invalid"; readonly key?: string };

export interface VerifyReport {
  readonly state: "Verified" | "Damaged";
  readonly files: number;
  readonly parts: number;
  /** Bytes that were read and hashed. */
  readonly bytes: number;
  /** The first thousand. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  readonly entryCount: number;
  /** Numbers of the parts that are not what the manifest says: what a repair packs again. */
  readonly damagedParts: readonly number[];
  readonly statement: StatementState;
}

const mostProblems = 1000;

/** Collects problems; keeps the first thousand and counts the rest. */
export class ProblemLog {
  readonly problems: Problem[] = [];
  readonly damagedParts = new Set<number>();
  count = 0;
  entryCount = 0;

  add(problem: Problem): void {
    this.count += 1;
    if (problem.kind === "entry") this.entryCount += 1;
    if (problem.part !== undefined) this.damagedParts.add(problem.part);
    if (this.problems.length < mostProblems) this.problems.push(problem);
  }
}
