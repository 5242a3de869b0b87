/** How tokens, records of the audit and entries of an export are shown in tables. */
import type { AuditDocument, FileEntry, TokenDocument } from "../../../api/documents.ts";
import { fromJsonMember } from "../../../domain/byte-string.ts";
import { formatBytes } from "../../../domain/quantity.ts";
import { age, untilThen } from "../../duration.ts";
import type { Look } from "./printer.ts";
import { shown, shownBytes } from "./shown.ts";

export const tokenLook: Look<TokenDocument> = {
  label: ({ name }) => `token/${shown(name)}`,
  columns: [
    { title: "NAME", value: ({ name }) => name },
    { title: "ROLE", value: ({ role }) => role },
    { title: "EXPIRES", value: ({ expiresAt }, now) => untilThen(expiresAt, now) },
    { title: "AGE", value: ({ createdAt }, now) => age(createdAt, now) },
  ],
};

export const auditLook: Look<AuditDocument> = {
  label: ({ id }) => `record/${id}`,
  columns: [
    { title: "TIME", value: ({ time }) => time.replace(/\.\d+Z$/, "Z") },
    { title: "ACTOR", value: ({ actor }) => actor },
    { title: "ACTION", value: ({ action }) => action },
    { title: "OBJECT", value: objectOf },
    { title: "STATUS", value: ({ status }) => String(status) },
    { title: "FROM", value: ({ address }) => address ?? "" },
    { title: "DETAIL", value: detailOf },
    { title: "ID", wide: true, right: true, value: ({ id }) => String(id) },
    { title: "UID", wide: true, value: ({ uid }) => uid ?? "" },
    { title: "RANGES", wide: true, value: ({ download }) => download?.ranges ?? "" },
  ],
};

/** "Export default/reports" */
function objectOf({ kind, namespace, name }: AuditDocument): string {
  if (name === undefined) return kind;
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function detailOf({ download, reason }: AuditDocument): string {
  if (download === undefined) return reason ?? "";
  const { file, bytes, complete } = download;
  return `${file}, ${formatBytes(bytes)}${complete ? "" : ", cut short"}${reason === undefined ? "" : `, ${reason}`}`;
}

export const fileLook: Look<FileEntry> = {
  label: (entry) => shownBytes(pathOf(entry)),
  columns: [
    { title: "TYPE", value: ({ type }) => type },
    {
      title: "MODE",
      wide: true,
      value: ({ mode }) => (mode === undefined ? "" : mode.toString(8).padStart(4, "0")),
    },
    {
      title: "OWNER",
      wide: true,
      value: ({ uid, gid }) => (uid === undefined || gid === undefined ? "" : `${uid}/${gid}`),
    },
    { title: "SIZE", right: true, value: ({ size }) => (size === undefined ? "" : formatBytes(size)) },
    { title: "MODIFIED", value: ({ mtime }) => (mtime === undefined ? "" : timeOf(BigInt(mtime))) },
    { title: "NAME", bytes: true, value: nameOf },
  ],
};

/** Byte string. */
function pathOf({ path, pathBase64 }: FileEntry): string {
  return fromJsonMember(path, pathBase64) ?? "";
}

/** The last part of the path, and where a link leads; a byte string. */
function nameOf(entry: FileEntry): string {
  const name = /[^/]*\/?$/.exec(pathOf(entry))?.[0] ?? "";
  const target = fromJsonMember(entry.linkTarget, entry.linkTargetBase64);
  return target === undefined ? name : `${name} -> ${target}`;
}

/** "2026-01-31 12:00:00" (UTC) of nanoseconds since 1970, or "@seconds" beyond what a date can say. */
function timeOf(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  if (Number.isNaN(date.getTime())) return `@${nanoseconds / 1_000_000_000n}`;
  return date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "");
}
