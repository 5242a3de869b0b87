/** Finds what lies in the folder though nobody vouches for it. */
import { filesFolder } from "../../domain/part.ts";
import { manifestName, signatureName, statementName, sumsName } from "../../domain/record-names.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { Verification } from "./verification.ts";

/** Vouched for by being checked themselves; `lock` is empty and means nothing. */
const known = [manifestName, sumsName, statementName, signatureName, "lock"];
/** Finalizing an export clears these away; what is in them was left by one that was interrupted while it did. */
const workFolders = ["tmp/", "attempts/", "index/"];

export async function checkUnlisted({ opened, log }: Verification, signal: AbortSignal): Promise<void> {
  const { manifest, destination } = opened;
  const listed = new Set(known);
  for (const file of [...manifest.files, ...manifest.run.files, ...manifest.parts])
    listed.add(byteStringOfText(file.object));
  if (manifest.run.archive !== undefined) listed.add(byteStringOfText(manifest.run.archive.object));
  for await (const { name } of destination.list("", signal)) {
    signal.throwIfAborted();
    if (listed.has(name) || (manifest.format === "files" && name.startsWith(filesFolder))) continue;
    if (workFolders.some((folder) => name.startsWith(folder)))
      log.add({
        kind: "leftover",
        object: name,
        message: "was left by an interrupted run: run the same export again, it clears it away",
      });
    else log.add({ kind: "unlisted", object: name, message: "is not listed in the manifest" });
  }
}
