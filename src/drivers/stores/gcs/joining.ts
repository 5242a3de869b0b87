/** Makes one object of many by compose, which takes 32 at once: groups of 32 become one each until one request does. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../../domain/errors.ts";
import { isConditionFailed } from "./errors.ts";
import { inTurns } from "./in-turns.ts";
import { findObject } from "./listing.ts";
import { joinName, keyOfName, type UploadObjects } from "./names.ts";
import { type GcsObject, objectFields, objectOf } from "./objects.ts";
import { joinedSum, type Sum } from "./proof.ts";
import { ask, type Bucket, json, jsonBody, objectPath } from "./sending.ts";

/** https://cloud.google.com/storage/docs/composite-objects */
const mostSources = 32;
/** Requests under way at once. */
const joinedAtOnce = 8;

/** An object of the bucket as it was found; another generation has other bytes. */
export interface Piece extends Sum {
  readonly name: string;
  readonly generation: string;
}

/**
 * At most 32 objects that hold the same bytes as these, in their order. What is made on the way is named by what it is made
 * of, so that a repetition finds it, and two that do this at once help each other; `found` are those that are there already.
 */
export async function joinedPieces(
  bucket: Bucket,
  upload: UploadObjects,
  { pieces, found }: { readonly pieces: readonly Piece[]; readonly found: ReadonlyMap<string, GcsObject> },
  signal: AbortSignal,
): Promise<readonly Piece[]> {
  let level = pieces;
  while (level.length > mostSources) {
    const groups = Array.from({ length: Math.ceil(level.length / mostSources) }, (_, index) =>
      level.slice(index * mostSources, (index + 1) * mostSources),
    );
    level = await inTurns(
      groups,
      joinedAtOnce,
      (group) => joinedGroup(bucket, { upload, group, found }, signal),
      signal,
    );
  }
  return level;
}

interface Group {
  readonly upload: UploadObjects;
  readonly group: readonly Piece[];
  readonly found: ReadonlyMap<string, GcsObject>;
}

async function joinedGroup(
  bucket: Bucket,
  { upload, group, found }: Group,
  signal: AbortSignal,
): Promise<Piece> {
  const [only] = group;
  if (only !== undefined && group.length === 1) return only;
  const name = joinName(upload, digestOf(group));
  const target = { name, resource: {}, ifGenerationMatch: "0" };
  const made =
    found.get(name) ??
    (await composeObject(bucket, target, group, signal)) ??
    // Somebody else made the same of the same just now.
    (await findObject(bucket, name, signal));
  if (made === undefined)
    throw new LongshoreError(
      "StoreFailed",
      `${bucket.displayed} no longer has what it had a moment ago (at ${name})`,
    );
  return { name, generation: made.generation, ...checkedSum(bucket, made, joinedSum(group)) };
}

export interface ComposedObject {
  readonly name: string;
  /** What is said of it beside its bytes. */
  readonly resource: object;
  /** What must stand there: "0" is nothing. */
  readonly ifGenerationMatch: string;
}

/** Undefined where something else stands there than must; https://cloud.google.com/storage/docs/json_api/v1/objects/compose */
export function composeObject(
  bucket: Bucket,
  { name, resource, ifGenerationMatch }: ComposedObject,
  sources: readonly Piece[],
  signal: AbortSignal,
): Promise<GcsObject | undefined> {
  return ask<GcsObject | undefined>(
    bucket,
    {
      operation: "objects.compose",
      key: keyOfName(name),
      method: "POST",
      path: `${objectPath(bucket.name, name)}/compose`,
      query: { ifGenerationMatch, kmsKeyName: bucket.kmsKeyName, fields: objectFields },
      body: jsonBody({
        destination: resource,
        sourceObjects: sources.map((source) => ({ name: source.name, generation: source.generation })),
      }),
      use: json(objectOf),
      rescue: (error) => {
        if (!isConditionFailed(error)) throw error;
        return undefined;
      },
    },
    signal,
  );
}

/** The store's own sum of what it made, which must be the one that follows from the pieces. */
export function checkedSum({ displayed }: Bucket, { name, size, crc32c }: GcsObject, expected: Sum): Sum {
  if (size === expected.size && crc32c === expected.crc32c) return expected;
  throw new LongshoreError(
    "StoreFailed",
    `${displayed} joined other bytes than it was told to (at ${keyOfName(name)})`,
  );
}

const digestOf = (pieces: readonly Piece[]): string =>
  createHash("sha256")
    .update(pieces.map(({ name, generation }) => `${name}#${generation}\n`).join(""))
    .digest("hex")
    .slice(0, 32);
