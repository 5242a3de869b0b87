/** Sorts the system's errors about one entry: what is the entry's own trouble, and what is ours and must be thrown. */
import type { DifferenceReason } from "../../../domain/entry.ts";

const reasons: Record<string, DifferenceReason> = {
  ENOENT: "vanished",
  ENOTDIR: "vanished",
  ESTALE: "vanished",
  ELOOP: "changed",
  ENXIO: "changed",
  EISDIR: "changed",
  EINVAL: "changed",
  ENAMETOOLONG: "changed",
};

/** These say nothing about the entry: we have too many files open, or no memory. */
const ours = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EBADF"]);

/** Throws the error again where it says nothing about the entry. */
export function reasonOf(error: unknown): DifferenceReason {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined || ours.has(code)) throw error;
  return reasons[code] ?? "unreadable";
}
