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
  EACCES: "unreadable",
  EPERM: "unreadable",
  EIO: "unreadable",
  EBUSY: "unreadable",
  ENODEV: "unreadable",
  EOVERFLOW: "unreadable",
  ETIMEDOUT: "unreadable",
  EREMOTEIO: "unreadable",
  EUCLEAN: "unreadable",
  EBADMSG: "unreadable",
};

/** Throws the error again where it says nothing about the entry: too many open files, no memory, a fault of ours. */
export function reasonOf(error: unknown): DifferenceReason {
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  if (reason === undefined) throw error;
  return reason;
}
