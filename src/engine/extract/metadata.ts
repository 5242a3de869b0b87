/** Gives what was extracted its owner, mode and time, in the order in which one does not undo the other. */
import {
  chmodSync,
  chownSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  utimesSync,
} from "node:fs";
import type { IndexEntry } from "../../domain/plan-line.ts";
import { fileTime } from "./file-time.ts";
import { ofDescriptor } from "./target-folder.ts";

/** Only root may give files away; for anyone else they are their own. */
const ownersToo = process.geteuid?.() === 0;

/** Of an open regular file. Owner before mode: changing the owner clears setuid. */
export function setFileMetadata(descriptor: number, entry: IndexEntry): void {
  if (ownersToo) fchownSync(descriptor, entry.uid, entry.gid);
  fchmodSync(descriptor, entry.mode);
  futimesSync(descriptor, now(), fileTime(entry.mtime));
}

/** Of a folder, FIFO or device opened with O_PATH. */
export function setPathMetadata(descriptor: number, entry: IndexEntry): void {
  const path = ofDescriptor(descriptor);
  if (ownersToo) chownSync(path, entry.uid, entry.gid);
  chmodSync(path, entry.mode);
  utimesSync(path, now(), fileTime(entry.mtime));
}

/** Of a symbolic link, which has no mode. */
export function setLinkMetadata(path: Buffer, entry: IndexEntry): void {
  if (ownersToo) lchownSync(path, entry.uid, entry.gid);
  lutimesSync(path, now(), fileTime(entry.mtime));
}

/** Lets us work in a folder that was there before, whatever its mode; root needs no permission. */
export function openUp(descriptor: number, mode: number): void {
  if (!ownersToo && (mode & 0o700) !== 0o700) chmodSync(ofDescriptor(descriptor), (mode & 0o7777) | 0o700);
}

const now = (): number => Date.now() / 1000;
