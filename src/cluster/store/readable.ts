import type { Kind, Resources } from "../../domain/resources/resource.ts";
import { type KubeDocument, nameOf, readDocument } from "./kube-document.ts";

/**
 * The document read, or none: `onError` is told then. What can't be read must not keep a list or a watch from all the
 * others.
 */
export function readable<K extends Kind>(
  kind: K,
  document: KubeDocument,
  onError: (error: unknown, about: string) => void,
): readonly Resources[K][] {
  try {
    return [readDocument(kind, document)];
  } catch (error) {
    onError(error, nameOf(kind, document.metadata));
    return [];
  }
}
