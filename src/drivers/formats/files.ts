/** Files: every file as it is under its own path, for another job or a data lake; links and folders live in the index. */
import { contentLength } from "../../domain/entry.ts";
import type { FilesFormat } from "../../domain/ports/format.ts";

export const files: FilesFormat = {
  name: "files",
  levels: undefined,
  layout: "files",
  hardLinks: "link",
  holds: (type) => type !== "socket" && type !== "unknown",
  plannedSize: contentLength,
};
