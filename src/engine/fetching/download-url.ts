/** The URL of something to download: `{base}/d/{namespace}/{name}/{file}`, usually with a grant in its query. */
import { filesFolder } from "../../domain/part.ts";
import { manifestName, signatureName, statementName, sumsName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";

export interface DownloadUrl {
  /** As it was given, with its grant: never to be shown. */
  readonly url: URL;
  /** What of it may be shown: neither query nor fragment. */
  readonly shown: string;
  /** Path of the export's folder, with a slash at its end. */
  readonly folder: string;
  /** Name of the export. */
  readonly name: string;
  readonly file: RemoteName;
  readonly hasGrant: boolean;
}

/** What the URL names; names are decoded, but still foreign. */
export type RemoteName =
  | { readonly kind: "archive"; readonly name: string }
  | { readonly kind: "part"; readonly number: number }
  | { readonly kind: "entry"; readonly path: string }
  | { readonly kind: "record"; readonly name: string };

/** The shortest base that leaves a file behind `/d/{namespace}/{name}/`: an entry's path may have a `/d/` of its own. */
const shape = /^.*?\/d\/([^/]+)\/([^/]+)\/(parts\/\d{1,8}|files\/.+|[^/]+)$/;
const records = new Set([sumsName, manifestName, "metalink", statementName, signatureName]);
const expected = "{address}/d/{namespace}/{name}/{file}?grant=…";

/** Throws InvalidArgument, which never repeats the query. */
export function parseDownloadUrl(text: string): DownloadUrl {
  if (!URL.canParse(text)) throw new LongshoreError("InvalidArgument", "the URL can't be read");
  const url = new URL(text);
  url.hash = "";
  const shown = shownUrl(url);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new LongshoreError("UnknownScheme", `${shown} is neither http nor https`);
  if (url.username !== "" || url.password !== "")
    throw new LongshoreError("InvalidArgument", `the URL of ${shown} has a user name or password in it`, {
      hint: "leave it out: a grant is all that a download needs",
    });
  const [, , name = "", file = ""] = shape.exec(url.pathname) ?? [];
  if (file === "")
    throw new LongshoreError("InvalidArgument", `${shown} is no download URL`, {
      hint: `give it as it was handed out: ${expected}`,
    });
  const exportName = decoded(name);
  return {
    url,
    shown,
    folder: url.pathname.slice(0, -file.length),
    name: exportName,
    file: remoteName(file, exportName),
    hasGrant: (url.searchParams.get("grant") ?? "") !== "",
  };
}

/** Another file of the same export, under the same grant. */
export function siblingUrl({ url, folder }: DownloadUrl, name: string): URL {
  const sibling = new URL(url);
  sibling.pathname = `${folder}${name}`;
  return sibling;
}

/** Where a URL leads, without what may be secret in it. */
export function shownUrl(url: URL): string {
  return url.origin === "null" ? url.protocol : `${url.origin}${url.pathname}`;
}

function remoteName(file: string, exportName: string): RemoteName {
  if (file.startsWith("parts/")) return { kind: "part", number: Number(file.slice("parts/".length)) };
  if (file.startsWith(filesFolder)) return { kind: "entry", path: decoded(file.slice(filesFolder.length)) };
  const name = decoded(file);
  const isArchive = !records.has(name) && name.startsWith(`${exportName}.`);
  return { kind: isArchive ? "archive" : "record", name };
}

/** As text; what is not UTF-8 stays encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
