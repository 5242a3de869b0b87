/** Exports that together have every kind of file, member and line that the format knows. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { exportTree } from "../fixtures/exports.ts";
import { expectExit, isRoot, run } from "../fixtures/run.ts";
import { makeSampleFolder } from "./sample-folder.ts";

/** Their locations: a signed tar.zst with digests of entries, a zip, and one of format files, all with split files or differences. */
export async function exportEverything(folder: string): Promise<string[]> {
  makeSampleFolder(folder);
  const source = join(folder, "reports");
  writeFileSync(Buffer.from(`${source}/stray byte \xff`, "latin1"), "odd\n");
  await makeSpecialFiles(source);
  const key = join(folder, "private.pem");
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  const small = ["--part-size", "128Ki"];
  await exportTree([source, folder, "--name", "tar", ...small, "--entry-digests", "--sign-key", key], [0]);
  await exportTree([source, folder, "--name", "zip", ...small, "--format", "zip"], [3]);
  await exportTree([source, folder, "--name", "files", ...small, "--format", "files"], [0]);
  return ["tar", "zip", "files"].map((name) => join(folder, name));
}

/** A FIFO has no place in a zip; a device can only be made by root. */
async function makeSpecialFiles(source: string): Promise<void> {
  expectExit(await run("mkfifo", [`${source}/fifo`]), 0);
  if (isRoot) await run("mknod", [`${source}/device`, "c", "1", "3"]);
}

export interface Document {
  /** Name of its schema. */
  readonly schema: string;
  readonly document: Record<string, unknown>;
}

export function documentsOf(location: string): Document[] {
  const read = (schema: string, name: string): Document[] => {
    const file = join(location, name);
    if (!existsSync(file)) return [];
    return [{ schema, document: JSON.parse(readFileSync(file, "utf8")) as Document["document"] }];
  };
  return [
    ...read("manifest", "manifest.json"),
    ...read("plan", "plan.json"),
    ...read("index-pages", "index.pages.json"),
    ...read("statement", "statement.json"),
    ...globSync("receipts/*.json", { cwd: location }).flatMap((name) => read("receipt", name)),
  ];
}

export function textOf(location: string, name: string): string {
  const bytes = readFileSync(join(location, name));
  return (name.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes).toString();
}
