/** Places in volumes of a cluster: `pvc://NAMESPACE/CLAIM/PATH`, the path percent-encoded. */
import { LongshoreError } from "./errors.ts";

export interface VolumeLocation {
  readonly namespace: string;
  readonly claim: string;
  /** Below the volume's root, without a "/" at its begin or end; "" is the root. */
  readonly path: string;
}

/** One spelling for one place. */
export function formatVolumeLocation({ namespace, claim, path }: VolumeLocation): string {
  const names = path.split("/").filter((name) => name !== "");
  return `pvc://${[namespace, claim, ...names.map(encodeURIComponent)].join("/")}`;
}

/** Undefined where it is no place in a volume. Throws InvalidArgument where it is a broken one. */
export function parseVolumeLocation(location: string): VolumeLocation | undefined {
  const rest = /^pvc:\/\/(.*)$/is.exec(location)?.[1];
  if (rest === undefined) return undefined;
  const [namespace = "", claim = "", ...names] = rest.split("/");
  const path = names.map(decoded).filter((name) => name !== "");
  const isClean = path.every((name) => name !== "." && name !== ".." && !/[/\0]/.test(name));
  if (isName(namespace) && isName(claim) && isClean) return { namespace, claim, path: path.join("/") };
  throw new LongshoreError("InvalidArgument", "a pvc:// location must be pvc://NAMESPACE/CLAIM/PATH", {
    hint: "name a PersistentVolumeClaim, and a path in it without . and ..",
  });
}

const isName = (name: string): boolean => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name);

/** What can't be decoded becomes a name that no path may have. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return "..";
  }
}
