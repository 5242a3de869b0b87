/** Parameters that operations share. Those of a query are text and become what they mean here. */
import { z } from "zod";
import { NamespaceName, ResourceName } from "../../domain/resources/names.ts";
import { isSafePath } from "../../engine/reading/safe-path.ts";

export const none = z.strictObject({});

export const inNamespace = z.strictObject({ namespace: NamespaceName });
export const named = z.strictObject({ namespace: NamespaceName, name: ResourceName });
export const tokenNamed = z.strictObject({ name: ResourceName });

/** A whole number as the text of a query. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, { error: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .pipe(z.int().min(min).max(max));

export const pageQuery = z.strictObject({
  limit: wholeNumber(1, 1000).optional().describe("At most this many items; 500 unless said."),
  continue: z
    .string()
    .max(4096)
    .optional()
    .describe("`metadata.continue` of the list before, with the same path."),
});

/** The path of a folder of an export: "" or "/" is the root, the slash at the end may be missing. */
const folderPath = z
  .string()
  .max(8192)
  .transform((path) => path.replace(/\/$/, ""))
  .refine((path) => path === "" || isSafePath(path), { error: "is no path inside the export" })
  .transform((path) => (path === "" ? "" : `${path}/`));

const filesPage = {
  cursor: z.string().max(12_000).optional().describe("`cursor` of the page before."),
  limit: wholeNumber(1, 1000).default(100).describe("At most this many entries."),
};

export const filesQuery = z.strictObject({
  prefix: folderPath
    .default("")
    .describe("A folder of the export; the root unless said. Percent-encoded bytes."),
  ...filesPage,
});
export const fileQuery = z.strictObject(filesPage);

export const fileNamed = z.strictObject({
  ...named.shape,
  path: z
    .string()
    .max(8192)
    .refine((path) => path === "" || isSafePath(path), { error: "is no path inside the export" })
    .describe("Of an entry or a folder. Percent-encoded bytes; slashes may stand as they are."),
});
