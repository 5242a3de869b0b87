/** What this process remembers of exports; nothing is lost when it is. */
import { keyText } from "./controller.ts";
import type { Export } from "../domain/resources/resource.ts";

export interface ExportMemory {
  readonly uid: string;
  /** When this process last wrote the status, in milliseconds since 1970. */
  statusWrittenAt?: number;
  removal?: { readonly failures: number; readonly notBefore: number };
}

/** By keys of exports. */
export type ExportMemories = Map<string, ExportMemory>;

/** Of this one, and none of another that had its name. */
export function memoryOf(memories: ExportMemories, { metadata }: Export): ExportMemory {
  const known = memories.get(keyText(metadata));
  if (known?.uid === metadata.uid) return known;
  const fresh: ExportMemory = { uid: metadata.uid };
  memories.set(keyText(metadata), fresh);
  return fresh;
}
