/** Makes one entry in an open folder, in place of whatever stood there under its name, never through a link. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { LongshoreError } from "../../domain/errors.ts";
import type { IndexEntry } from "../../domain/plan-line.ts";
import { openUp, setLinkMetadata, setPathMetadata } from "./metadata.ts";
import { inFolder } from "./target-folder.ts";

const O_PATH = 0o10000000;
const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** A new, empty file that only we may read; the caller closes it. */
export function makeFile(folder: number, name: string): number {
  const path = inFolder(folder, name);
  return replacing(path, () => openSync(path, newFile, 0o600));
}

/** A folder that only we may enter until its mode is set; one that is there is used. */
export function makeFolder(folder: number, name: string): void {
  const path = inFolder(folder, name);
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const there = lstatSync(path);
    if (there.isSymbolicLink())
      throw new LongshoreError("TargetUnsafe", "a symbolic link stands where a folder belongs");
    if (there.isDirectory()) {
      const descriptor = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        openUp(descriptor, there.mode);
      } finally {
        closeSync(descriptor);
      }
      return;
    }
    unlinkSync(path);
    mkdirSync(path, 0o700);
  }
}

export function makeSymbolicLink(folder: number, name: string, entry: IndexEntry): void {
  const path = inFolder(folder, name);
  replacing(path, () => symlinkSync(Buffer.from(entry.linkTarget ?? "", "latin1"), path));
  setLinkMetadata(path, entry);
}

/** Says false where the other name can't be linked to: it is no file of this extraction, or the file system has no such link. */
export function makeHardLink(
  target: { folder: number; name: string },
  place: { folder: number; name: string },
  since: bigint,
): boolean {
  const existing = inFolder(target.folder, target.name);
  const there = lstatSync(existing, { bigint: true, throwIfNoEntry: false });
  // A file that stood there before is not what the export says; its change time, which nobody can set, tells.
  if (there === undefined || !there.isFile() || there.ctimeNs < since) return false;
  const path = inFolder(place.folder, place.name);
  try {
    replacing(path, () => linkSync(existing, path));
    return true;
  } catch (error) {
    if (["EMLINK", "EXDEV", "EPERM", "ENOTSUP"].includes(codeOf(error))) return false;
    throw error;
  }
}

/** A FIFO or device. Node can't make one, so the system's programs do, under a name that survives being an argument. */
export function makeSpecial(folder: number, name: string, entry: IndexEntry): void {
  const temporary = `.longshore-${randomBytes(6).toString("hex")}`;
  const argument = `/proc/${process.pid}/fd/${folder}/${temporary}`;
  const { major, minor } = entry.rdev ?? { major: 0, minor: 0 };
  const [program, ...rest] =
    entry.type === "fifo"
      ? ["mkfifo", "-m", "600", argument]
      : [
          "mknod",
          "-m",
          "600",
          argument,
          entry.type === "block-device" ? "b" : "c",
          String(major),
          String(minor),
        ];
  const result = spawnSync(program ?? "", rest, { stdio: ["ignore", "ignore", "pipe"] });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0)
    throw new Error(`${program} failed: ${String(result.stderr).trim().split(": ").at(-1)}`);
  const path = inFolder(folder, name);
  const made = inFolder(folder, temporary);
  try {
    refuseFolder(path);
    const descriptor = openSync(made, O_PATH | constants.O_NOFOLLOW);
    try {
      setPathMetadata(descriptor, entry);
    } finally {
      closeSync(descriptor);
    }
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** The clock of the file system in that folder: change times of what we make are not before it. */
export function changeTimeNow(folder: number): bigint {
  const path = inFolder(folder, `.longshore-${randomBytes(6).toString("hex")}`);
  closeSync(openSync(path, newFile, 0o600));
  const { ctimeNs } = lstatSync(path, { bigint: true });
  unlinkSync(path);
  return ctimeNs;
}

function replacing<T>(path: Buffer, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    refuseFolder(path);
    unlinkSync(path);
    return make();
  }
}

function refuseFolder(path: Buffer): void {
  const isFolder = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder) throw new LongshoreError("TargetUnsafe", "a folder stands where something else belongs");
}

export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "";
