/** Who may do what on one machine. In a cluster Kubernetes decides. */
export const roles = ["admin", "exporter", "reader"] as const;
export type Role = (typeof roles)[number];

export type Verb =
  /** See exports, destinations, grants. */
  | "read"
  /** Download what exports prepared. */
  | "download"
  /** Make, change, cancel and delete exports and grants. */
  | "write"
  /** Make and delete destinations, tokens and keys; read the audit. */
  | "administer";

const allowed: Readonly<Record<Role, readonly Verb[]>> = {
  admin: ["read", "download", "write", "administer"],
  exporter: ["read", "download", "write"],
  reader: ["read"],
};

export const mayDo = (role: Role, verb: Verb): boolean => allowed[role].includes(verb);
