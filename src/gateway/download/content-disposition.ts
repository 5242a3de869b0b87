/** Content-Disposition (RFC 6266), for names that anybody may have chosen. */
import { textOf } from "../../domain/byte-string.ts";

/** Always an attachment: what an export holds is never shown in our place. `fileName` is a byte string. */
export function contentDisposition(fileName: string): string {
  const name = safeName(fileName);
  // oxlint-disable-next-line no-control-regex -- everything but visible ASCII is replaced
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const extended = plain === name ? "" : `; filename*=UTF-8''${extendedValue(name)}`;
  return `attachment; filename="${plain}"${extended}`;
}

const longest = 255;
/** Control characters, line separators and what turns the direction of text, to show "txt.exe" as "exe.txt". */
// oxlint-disable-next-line no-control-regex -- control characters are what is meant
const misleading = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The last segment, without what could mislead a reader or leave a folder. */
function safeName(fileName: string): string {
  const text = textOf(fileName) ?? fileName.replace(/[\x80-\xff]/g, "_");
  const base = text.split(/[/\\]/).at(-1) ?? "";
  const visible = base.replace(misleading, "_").trim();
  const name = Array.from(visible.toWellFormed()).slice(0, longest).join("");
  return name === "" || name === "." || name === ".." ? "download" : name;
}

/** RFC 8187 section 3.2.1. */
function extendedValue(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
