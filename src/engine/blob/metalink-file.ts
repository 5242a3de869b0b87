/** One file of a Metalink document (RFC 5854 section 4.1.2), as text whose length does not depend on where it is served. */
import { textOf } from "../../domain/byte-string.ts";

export interface MetalinkFile {
  /** A byte string: the relative path under which a receiver keeps it. */
  readonly name: string;
  readonly size?: number | undefined;
  /** Lower-case hex. */
  readonly sha256?: string | undefined;
  /** A byte string: the rest of its URL after the export's name. */
  readonly path: string;
}

/** What stands around the path in every URL of one document. */
export interface MetalinkLinks {
  /** Where the export is served, ending in "/": `https://host/d/namespace/name/`. */
  readonly base: string;
  /** The grant of the request, for the URLs must work without another. */
  readonly grant?: string | undefined;
}

export function metalinkFile(file: MetalinkFile, links: EscapedLinks): string {
  const path = percentEncoded(file.path);
  const lines = [`  <file name="${escaped(nameOf(file.name))}">`];
  if (file.size !== undefined) lines.push(`    <size>${file.size}</size>`);
  if (file.sha256 !== undefined) lines.push(`    <hash type="sha-256">${escaped(file.sha256)}</hash>`);
  lines.push(`    <url>${links.before}${path}${links.after}</url>`, "  </file>\n");
  return lines.join("\n");
}

export interface EscapedLinks {
  readonly before: string;
  readonly after: string;
}

export const noLinks: EscapedLinks = { before: "", after: "" };

export function escapedLinks({ base, grant }: MetalinkLinks): EscapedLinks {
  const after = grant === undefined ? "" : `?grant=${encodeURIComponent(grant)}`;
  return { before: escaped(base), after: escaped(after) };
}

/** The name as it is; what XML can't hold, or would keep a reader from taking any file at all, as the URL has it. */
function nameOf(name: string): string {
  const text = textOf(name);
  return text === undefined || unusual.test(text) ? percentEncoded(name) : text;
}

/** What no XML 1.0 document may hold, not even escaped (section 2.2), all other control characters, and what looks escaped. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unusual = /%[0-9A-Fa-f]{2}|[\x00-\x1f\x7f-\x9f\ufffe\uffff]/;

/** For text and for attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A byte string as a path of a URL (RFC 3986 section 3.3). */
export function percentEncoded(path: string): string {
  return path.replace(
    /[^A-Za-z0-9._~/-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
