/** What to call a download where nobody says: always the name of a file in the current folder, whatever the URL is made of. */
import type { DownloadUrl } from "./download-url.ts";

/** Room for ".partial.json.new" within the 255 bytes that file systems allow. */
const longestName = 230;

export function fileNameOf({ name, file }: DownloadUrl): string {
  switch (file.kind) {
    case "archive":
    case "record":
      return safeName(file.name);
    case "part":
      return safeName(`${name}.part-${String(file.number).padStart(8, "0")}`);
    case "entry":
      return safeName(file.path.replace(/\/+$/, "").split("/").at(-1) ?? "");
  }
}

/** One segment, visible, no control characters, not too long, and the name of something. */
export function safeName(text: string): string {
  const name = text
    // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
    .replaceAll(/[/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "_")
    .toWellFormed()
    .replace(/^\.+/, "_");
  return shortened(name === "" ? "download" : name);
}

/** Cut in the middle, since the extension says what it is, and never within a character. */
function shortened(name: string): string {
  const characters = Array.from(name);
  while (Buffer.byteLength(characters.join("")) > longestName)
    characters.splice(Math.floor(characters.length / 2), 1);
  return characters.join("");
}
