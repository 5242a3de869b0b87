/** The trees of the goals: few big files, many small ones, and more entries than memory should notice. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { breathe } from "./data-set.ts";
import type { Recipe } from "./data-set.ts";
import { logText } from "./log-text.ts";
import { seededBytes } from "./seeded.ts";

const MIB = 1024 * 1024;
const SMALL_FILE_BYTES = 4096;
const SMALL_FOLDERS = 100;
const MANY_FOLDERS = 1000;
/** One in ten entries of "many" has content, so that not every one takes the shortest way through a packer. */
const TINY_EVERY = 10;

/** 4 × 512 MiB at scale 1: two files of text, two random. */
export const bigRecipe = (scale: number): Recipe => bigFiles("big", 4, scale);

/** 2 × 512 MiB at scale 1, for works with a server that takes its time. */
export const bucketBigRecipe = (scale: number): Recipe => bigFiles("bucket-big", 2, scale);

function bigFiles(name: string, files: number, scale: number): Recipe {
  const fileMib = Math.max(1, Math.round(512 * scale));
  return {
    name,
    title: `${files} × ${fileMib} MiB`,
    files,
    folders: 0,
    bytes: files * fileMib * MIB,
    async make(path, signal) {
      for (let index = 0; index < files; index++) {
        const content = { next: contentOf(index, `big ${index}`), mib: fileMib };
        await writeBig(join(path, `${index}.${extensionOf(index)}`), content, signal);
      }
    },
  };
}

/** 100,000 × 4 KiB in 100 folders at scale 1: every other file text, the rest random. */
export const smallRecipe = (scale: number): Recipe => smallFiles("small", 100_000 * scale);

/** 20,000 × 4 KiB at scale 1, for tools that make one object of them. */
export const bucketSmallRecipe = (scale: number): Recipe => smallFiles("bucket-small", 20_000 * scale);

/** 2,000 × 4 KiB at scale 1, for tools that make an object of each: the server takes about ten milliseconds for one. */
export const bucketObjectsRecipe = (scale: number): Recipe => smallFiles("bucket-objects", 2000 * scale);

function smallFiles(name: string, about: number): Recipe {
  const perFolder = Math.max(1, Math.round(about / SMALL_FOLDERS));
  const files = perFolder * SMALL_FOLDERS;
  return {
    name,
    title: `${files.toLocaleString("en")} × 4 KiB`,
    files,
    folders: SMALL_FOLDERS,
    bytes: files * SMALL_FILE_BYTES,
    async make(path, signal) {
      const contents = [contentOf(0, "small text"), contentOf(1, "small random")];
      for (let folder = 0; folder < SMALL_FOLDERS; folder++) {
        const parent = join(path, `folder-${pad(folder, 2)}`);
        mkdirSync(parent);
        for (let index = 0; index < perFolder; index++) {
          const next = contents[index % 2];
          if (next)
            writeFileSync(join(parent, `${pad(index, 6)}.${extensionOf(index)}`), next(SMALL_FILE_BYTES));
        }
        await breathe(signal);
      }
    },
  };
}

/** `entries` entries in all, the 1,000 folders among them; nearly all empty files, since the entries are what is measured. */
export function manyRecipe(entries: number): Recipe {
  const folders = Math.min(MANY_FOLDERS, Math.ceil(entries / 2));
  const files = entries - folders;
  const tiny = Buffer.from("a few bytes\n");
  const tinyFiles = Math.ceil(files / TINY_EVERY);
  return {
    name: "many",
    title: `${entries.toLocaleString("en")} entries`,
    files,
    folders,
    bytes: tinyFiles * tiny.length,
    async make(path, signal) {
      for (let folder = 0; folder < folders; folder++) {
        const parent = join(path, `folder-${pad(folder, 4)}`);
        mkdirSync(parent);
        for (let index = folder; index < files; index += folders) {
          const file = openSync(join(parent, `entry-${pad(index, 8)}`), "wx");
          if (index % TINY_EVERY === 0) writeSync(file, tiny);
          closeSync(file);
        }
        await breathe(signal);
      }
    },
  };
}

/** 5 × 430 MiB of random bytes at scale 1, so that the archive has more than 2 GiB. */
export function downloadRecipe(scale: number): Recipe {
  const files = 5;
  const fileMib = Math.max(1, Math.round(430 * scale));
  return {
    name: "download",
    title: `${files} × ${fileMib} MiB`,
    files,
    folders: 0,
    bytes: files * fileMib * MIB,
    async make(path, signal) {
      for (let index = 0; index < files; index++)
        await writeBig(
          join(path, `${index}.bin`),
          { next: seededBytes(`download ${index}`), mib: fileMib },
          signal,
        );
    },
  };
}

interface BigContent {
  readonly next: (length: number) => Buffer;
  readonly mib: number;
}

async function writeBig(path: string, { next, mib }: BigContent, signal: AbortSignal): Promise<void> {
  const file = openSync(path, "wx");
  try {
    for (let written = 0; written < mib; written++) {
      writeSync(file, next(MIB));
      await breathe(signal);
    }
  } finally {
    closeSync(file);
  }
}

function contentOf(index: number, seed: string): (length: number) => Buffer {
  return index % 2 === 0 ? logText(seed) : seededBytes(seed);
}

function extensionOf(index: number): string {
  return index % 2 === 0 ? "log" : "bin";
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
