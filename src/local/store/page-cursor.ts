/** The opaque `continue` of a list: where the next page begins, of which list, and as of which version the first page was. */
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { ResourceKey } from "../../domain/ports/export-store.ts";
import type { Kind } from "../../domain/resources/resource.ts";

export interface PageCursor {
  /** Where a watch goes on from: that of the first page, because the first page shows nothing later. */
  readonly version: number;
  readonly after: ResourceKey;
}

/** Undefined for all namespaces. */
type ListedNamespace = string | undefined;

const Content = z.tuple([
  z.string(),
  z.string().nullable(),
  z.int().nonnegative(),
  z.string().max(63),
  z.string().max(253),
]);

export function writeCursor(kind: Kind, namespace: ListedNamespace, { version, after }: PageCursor): string {
  const content: z.infer<typeof Content> = [kind, namespace ?? null, version, after.namespace, after.name];
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/** Throws InvalidArgument where it is none of ours, or one of another list. */
export function readCursor(kind: Kind, namespace: ListedNamespace, text: string): PageCursor {
  const content = Content.safeParse(parse(text)).data;
  if (content === undefined || content[0] !== kind || content[1] !== (namespace ?? null))
    throw new LongshoreError("InvalidArgument", "`continue` is not of this list", {
      hint: "give the one of the page before, or begin again without it",
    });
  return { version: content[2], after: { namespace: content[3], name: content[4] } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    // What is no JSON is none of ours, which the schema says of undefined.
    return undefined;
  }
}
