import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { temporaryFolder, type TemporaryFolder } from "../../test/fixtures/run.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { Place, Places } from "../domain/ports/places.ts";
import { localPlaces } from "./places.ts";

/**
 *     allowed/file  allowed/inner/deep/     may be used
 *     allowed-evil/file  outside/file       may not
 *     allowed/data/                         the server's own
 */
function places(allow: readonly string[] = ["allowed"]): AsyncDisposable & {
  folder: TemporaryFolder;
  places: Places;
} {
  const folder = temporaryFolder();
  for (const name of ["allowed/inner/deep", "allowed-evil", "outside/inner", "allowed/data/log"])
    mkdirSync(folder.join(name), { recursive: true });
  for (const name of ["allowed/file", "allowed-evil/file", "outside/file"])
    writeFileSync(folder.join(name), name);
  return {
    folder,
    places: localPlaces({
      allow: allow.map((name) => folder.join(name)),
      dataFolder: folder.join("allowed/data"),
    }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** What a place is: its path below the folder, or the code of its refusal. */
async function told(folder: TemporaryFolder, place: Promise<Place>): Promise<string> {
  try {
    const { location, reached } = await place;
    assert.equal(reached, location, "a path says itself how it is reached");
    return relative(folder.path, location);
  } catch (error) {
    assert.ok(error instanceof LongshoreError, String(error));
    return error.code;
  }
}

const outcomes: Record<string, readonly [source: string, destination: string]> = {
  "allowed/file": ["allowed/file", "allowed/file"],
  "allowed/inner": ["allowed/inner", "allowed/inner"],
  "allowed/inner/": ["allowed/inner", "allowed/inner"],
  "allowed//inner/./deep": ["allowed/inner/deep", "allowed/inner/deep"],
  "allowed/none": ["SourceNotFound", "allowed/none"],
  "allowed/none/./a//b": ["SourceNotFound", "allowed/none/a/b"],
  "allowed/...": ["SourceNotFound", "allowed/..."],
  "allowed/file/below": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "outside/file": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "outside/none": ["PlaceNotAllowed", "PlaceNotAllowed"],
  outside: ["PlaceNotAllowed", "PlaceNotAllowed"],
  "": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed-evil/file": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed-evil": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed-none": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/inner/../file": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/../outside/file": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/none/../../outside": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/file\0": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/\0/../file": ["PlaceNotAllowed", "PlaceNotAllowed"],
  allowed: ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/data": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/data/log": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/data/none/x": ["PlaceNotAllowed", "PlaceNotAllowed"],
  "allowed/data-too": ["SourceNotFound", "allowed/data-too"],
};

describe("a path", () => {
  for (const [path, expected] of Object.entries(outcomes))
    test(`${JSON.stringify(path)} is ${expected.join(" as a source, ")} as a destination`, async () => {
      await using place = places();
      const given = `${place.folder.path}/${path}`;
      assert.deepEqual(
        [
          await told(place.folder, place.places.source(given)),
          await told(place.folder, place.places.destination(given)),
        ],
        expected,
      );
    });

  for (const path of ["allowed/file", "./allowed", "", "~", "file:///allowed"])
    test(`${JSON.stringify(path)}, which is not absolute, is refused`, async () => {
      await using place = places();
      await assert.rejects(place.places.source(path), { code: "PlaceNotAllowed" });
      await assert.rejects(place.places.destination(path), { code: "PlaceNotAllowed" });
    });

  test("never leads out, whatever it is made of", async () => {
    await using place = places();
    const { folder } = place;
    symlinkSync("../outside", folder.join("allowed/out"));
    symlinkSync("inner", folder.join("allowed/in"));
    const name = fc.constantFrom(
      "allowed",
      "outside",
      "out",
      "in",
      "inner",
      "deep",
      "..",
      ".",
      "",
      "none",
      "data",
      "\0",
    );
    const begin = fc.constantFrom(folder.path, folder.join("allowed"), "", "/");
    await fc.assert(
      fc.asyncProperty(begin, fc.array(name, { maxLength: 6 }), async (start, names) => {
        const given = [start, ...names].join("/");
        for (const kind of ["source", "destination"] as const) {
          const outcome = await told(folder, place.places[kind](given));
          const isInside = /^allowed\/(?!data(?:\/|$)|out(?:\/|$))/.test(outcome);
          assert.ok(
            isInside || outcome === "PlaceNotAllowed" || outcome === "SourceNotFound",
            `${given}: ${outcome}`,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a symbolic link", () => {
  const links: Record<string, readonly [target: string, path: string, source: string, destination: string]> =
    {
      "that stays inside is followed": [
        "inner",
        "allowed/link/deep",
        "allowed/inner/deep",
        "allowed/inner/deep",
      ],
      "that leads out is refused": ["../outside", "allowed/link/file", "PlaceNotAllowed", "PlaceNotAllowed"],
      "that leads to what is not there, outside, is refused": [
        "../outside/none",
        "allowed/link",
        "PlaceNotAllowed",
        "PlaceNotAllowed",
      ],
      "that leads to what is not there, inside, is refused": [
        "none",
        "allowed/link/below",
        "PlaceNotAllowed",
        "PlaceNotAllowed",
      ],
      "that leads out and below to what is not there is refused": [
        "../outside",
        "allowed/link/none",
        "PlaceNotAllowed",
        "PlaceNotAllowed",
      ],
      "that leads to itself is refused": ["link", "allowed/link", "PlaceNotAllowed", "PlaceNotAllowed"],
      "that leads to the server's own folder is refused": [
        "data/log",
        "allowed/link",
        "PlaceNotAllowed",
        "PlaceNotAllowed",
      ],
      "that leads to a folder around the server's own is refused": [
        "../allowed",
        "allowed/link",
        "PlaceNotAllowed",
        "PlaceNotAllowed",
      ],
    };
  for (const [name, [target, path, source, destination]] of Object.entries(links))
    test(name, async () => {
      await using place = places();
      const { folder } = place;
      symlinkSync(target, folder.join("allowed/link"));
      assert.equal(await told(folder, place.places.source(folder.join(path))), source);
      assert.equal(await told(folder, place.places.destination(folder.join(path))), destination);
    });

  test("from outside into an allowed folder is allowed, for it is where paths lead that counts", async () => {
    await using place = places();
    symlinkSync("../allowed/inner", place.folder.join("outside/link"));
    const given = place.folder.join("outside/link/deep");
    assert.equal(await told(place.folder, place.places.source(given)), "allowed/inner/deep");
  });

  test("that is changed later is looked at again", async () => {
    await using place = places();
    const { folder } = place;
    symlinkSync("inner", folder.join("allowed/link"));
    const given = folder.join("allowed/link/deep");
    assert.equal(await told(folder, place.places.destination(given)), "allowed/inner/deep");
    rmSync(folder.join("allowed/link"));
    symlinkSync("../outside", folder.join("allowed/link"));
    assert.equal(await told(folder, place.places.destination(given)), "PlaceNotAllowed");
  });

  test("in place of an allowed folder changes nothing of what is allowed", async () => {
    await using place = places();
    const { folder } = place;
    renameSync(folder.join("allowed"), folder.join("moved"));
    symlinkSync("outside", folder.join("allowed"));
    assert.equal(await told(folder, place.places.source(folder.join("allowed/file"))), "PlaceNotAllowed");
  });
});

describe("an allowed folder", () => {
  test("may be a link itself", async () => {
    await using first = places();
    symlinkSync("allowed/inner", first.folder.join("link"));
    const linked = localPlaces({
      allow: [first.folder.join("link")],
      dataFolder: first.folder.join("allowed/data"),
    });
    assert.equal(
      await told(first.folder, linked.source(first.folder.join("link/deep"))),
      "allowed/inner/deep",
    );
    assert.equal(
      await told(first.folder, linked.source(first.folder.join("allowed/file"))),
      "PlaceNotAllowed",
    );
  });

  test("may be one of many, or the root of all", async () => {
    await using both = places(["allowed/inner", "outside"]);
    assert.equal(
      await told(both.folder, both.places.source(both.folder.join("outside/file"))),
      "outside/file",
    );
    assert.equal(
      await told(both.folder, both.places.source(both.folder.join("allowed/file"))),
      "PlaceNotAllowed",
    );
    const all = localPlaces({ allow: ["/"], dataFolder: both.folder.join("allowed/data") });
    assert.equal(await told(both.folder, all.source(both.folder.join("outside/file"))), "outside/file");
    assert.equal(await told(both.folder, all.source("/")), "PlaceNotAllowed");
    assert.equal(await told(both.folder, all.source(both.folder.join("allowed"))), "PlaceNotAllowed");
  });

  test("that is none is refused at once", async () => {
    await using place = places();
    const dataFolder = place.folder.join("allowed/data");
    for (const name of [place.folder.join("none"), place.folder.join("allowed/file"), "allowed"])
      assert.throws(() => localPlaces({ allow: [name], dataFolder }), { code: "InvalidArgument" }, name);
  });

  test("may be missing: then nothing is allowed", async () => {
    await using place = places([]);
    await assert.rejects(place.places.source(place.folder.join("allowed/file")), { code: "PlaceNotAllowed" });
  });
});

describe("buckets beside folders", () => {
  const allow = (folder: TemporaryFolder, ...more: string[]): Places =>
    localPlaces({
      allow: [folder.join("allowed"), ...more],
      dataFolder: folder.join("allowed/data"),
    });

  test("are confined as folders are, and neither opens the other", async () => {
    await using place = places();
    const both = allow(place.folder, "s3://handover/2026?region=eu-west-1");
    assert.deepEqual(await both.destination("s3://handover/2026/q1/"), {
      location: "s3://handover/2026/q1",
      reached: "s3://handover/2026/q1?region=eu-west-1",
    });
    assert.deepEqual((await both.source("s3://handover/2026/q1/")).location, "s3://handover/2026/q1/");
    assert.equal(await told(place.folder, both.source(place.folder.join("allowed/file"))), "allowed/file");
    for (const kind of ["source", "destination"] as const) {
      await assert.rejects(both[kind]("s3://other/2026"), { code: "PlaceNotAllowed" });
      await assert.rejects(both[kind](`s3://handover/2026/..${place.folder.path}`), {
        code: "InvalidArgument",
      });
      await assert.rejects(place.places[kind]("s3://handover/2026"), { code: "PlaceNotAllowed" });
    }
  });

  test("that are allowed in two ways are refused at once", async () => {
    await using place = places();
    assert.throws(() => allow(place.folder, "s3://one/x?region=one", "s3://one/x/?region=two"), {
      code: "InvalidArgument",
      message: "--allow says in two ways how s3://one/x is reached",
    });
    assert.throws(() => allow(place.folder, "s3://one/x?nothing=1"), { code: "InvalidArgument" });
    allow(
      place.folder,
      "s3://one/x?region=one",
      "s3://one/x?region=one",
      "s3://one/x/y?region=two",
      "gs://one/x",
    );
  });
});

test("a refusal names the path that was given and nothing of where it leads", async () => {
  await using place = places();
  symlinkSync(place.folder.join("outside/secret-name"), place.folder.join("allowed/link"));
  const given = place.folder.join("allowed/link");
  await assert.rejects(place.places.source(given), (error: LongshoreError) => {
    assert.equal(error.message, `${given} is no place that may be used`);
    return !error.hint.includes("secret-name");
  });
  await assert.rejects(place.places.source("/x\n\u001b[31m"), {
    message: "/x??[31m is no place that may be used",
  });
});
