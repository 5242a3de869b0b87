/** Writes SHA256SUMS, streamed, for a Files export has a line for every file. */
import { indexName, sumsName } from "../../domain/record-names.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { parseIndexLine } from "../../domain/plan-line.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { sha256Sums, type SummedFile } from "../../domain/sha256sums.ts";
import { readLines } from "../lines.ts";
import { createJoinedObject } from "./joined-object.ts";

export async function putSums(
  destination: Destination,
  manifest: Manifest,
  manifestDigest: string,
  signal: AbortSignal,
): Promise<void> {
  const files = manifest.format === "files" ? summedFiles(destination, manifest, signal) : undefined;
  await using output = await createJoinedObject(destination, "sums", signal);
  for await (const bytes of sha256Sums(manifest, manifestDigest, files)) output.write(bytes);
  await output.commit(sumsName);
}

async function* summedFiles(
  destination: Destination,
  manifest: Manifest,
  signal: AbortSignal,
): AsyncGenerator<SummedFile[]> {
  const object = indexName;
  const size = manifest.files.find((file) => file.object === object)?.size ?? 0;
  for await (const lines of readLines(
    destination.read(object, { offset: 0, length: size }, signal),
    object,
    signal,
  )) {
    yield lines.flatMap((line) => {
      const { path, placement } = parseIndexLine(line);
      return placement.sha256 === undefined ? [] : [{ name: `files/${path}`, sha256: placement.sha256 }];
    });
  }
}
