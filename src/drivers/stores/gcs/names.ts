/** Keys as names of Google's objects, which may have no line feed and no carriage return, and the names that no list shows. */
import { LongshoreError } from "../../../domain/errors.ts";

/** Bytes of UTF-8. */
export const longestName = 1024;

/**
 * What stands for a character that must not be is the one before it and then the last of all: so names have the order of their
 * keys. Where a key has such a pair itself, another character between the two tells it apart.
 */
const mark = "\u{10ffff}";
const shield = "\u{10fffe}";
const pairs: readonly (readonly [forbidden: string, before: string])[] = [
  ["\n", "\t"],
  ["\r", "\f"],
];

/** The name of a key. Throws StoreUnsupported where it is too long for one. */
export function nameOfKey(key: string): string {
  let name = key;
  for (const [forbidden, before] of pairs) {
    if (name.includes(before))
      name = name.replaceAll(new RegExp(`${before}(?=[${shield}${mark}])`, "gu"), `${before}${shield}`);
    name = name.replaceAll(forbidden, `${before}${mark}`);
  }
  checkName(name);
  return name;
}

/** Throws StoreUnsupported. */
export function checkName(name: string): void {
  const length = Buffer.byteLength(name);
  if (length > longestName)
    throw new LongshoreError(
      "StoreUnsupported",
      `Google Cloud Storage takes no name of ${length} bytes (at ${name.slice(0, 60)}…)`,
      { hint: "choose a shorter prefix or --name" },
    );
}

/** The key of a name. One that nobody of us has written stands for itself. */
export function keyOfName(name: string): string {
  let key = name;
  for (const [forbidden, before] of pairs) {
    if (!key.includes(before)) continue;
    key = key
      .replaceAll(`${before}${mark}`, forbidden)
      .replaceAll(new RegExp(`${before}${shield}(?=[${shield}${mark}])`, "gu"), before);
  }
  return key;
}

/** Objects that hold the parts of an upload until it is completed or aborted. */
export interface UploadObjects {
  /** Of the object that the upload is for. */
  readonly name: string;
  readonly id: string;
}

const partsFolder = ".longshore-parts";
const hidden = /^(.*)\.longshore-parts\/([0-9a-f]{32})\/(?:begun|p\d{5}|j[0-9a-f]{32})$/su;

/** Before the names of everything that an upload has. */
export const uploadFolder = ({ name, id }: UploadObjects): string => `${name}${partsFolder}/${id}/`;

/** Stands as long as the upload may be written to. */
export const begunName = (upload: UploadObjects): string => `${uploadFolder(upload)}begun`;

/** Before the names of its parts, which have the order of their numbers. */
export const partPrefix = (upload: UploadObjects): string => `${uploadFolder(upload)}p`;

export const partName = (upload: UploadObjects, number: number): string =>
  partPrefix(upload) + String(number).padStart(5, "0");

export const partNumberOf = (name: string): number => Number(name.slice(-5));

/** Parts that were joined on the way; `digest` is of what they are made of, 32 hexadecimal digits. */
export const joinName = (upload: UploadObjects, digest: string): string =>
  `${uploadFolder(upload)}j${digest}`;

/** The upload that an object is part of, or undefined for one that is an object to everybody. */
export function uploadOf(name: string): UploadObjects | undefined {
  if (!name.includes(partsFolder)) return undefined;
  const [, of, id] = hidden.exec(name) ?? [];
  return of === undefined || id === undefined ? undefined : { name: of, id };
}
