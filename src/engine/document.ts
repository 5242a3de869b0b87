/**
 * Reads the JSON documents of an export, which anybody may have changed. Their schemas are imported by `import()` where a
 * document is read: a fresh export reads none, and zod would take longer to load than a small export takes.
 */
import type { z } from "zod";
import { formatVersion } from "../domain/export-options.ts";
import { LongshoreError } from "../domain/errors.ts";

/** Throws NewerFormat, or Damaged naming `subject` and the field. */
export function parseDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, subject: string): T {
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new LongshoreError("Damaged", `${subject} is no JSON`, { cause: error });
  }
  const version = (raw as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === "number" && version > formatVersion) {
    throw new LongshoreError(
      "NewerFormat",
      `${subject} has format version ${version}, this longshore knows ${formatVersion}`,
    );
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new LongshoreError(
    "Damaged",
    `${subject} is not as it must be: ${field || "document"}: ${issue?.message ?? ""}`,
    {
      cause: parsed.error,
    },
  );
}

/** JSON as all documents of an export are written: indented where people read it. */
export function documentBytes(document: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`);
}
