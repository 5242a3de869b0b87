import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination, OpenObject } from "../../domain/ports/destination.ts";
import { sha256 } from "../digest.ts";
import type { BlobReader, Segment } from "./blob.ts";
import { bytesSegment } from "./bytes-segment.ts";
import { checkedSegment } from "./checked-segment.ts";
import { objectRunSegment, objectSegment } from "./object-segment.ts";
import { ProvenObjects } from "./proven-objects.ts";
import { openSegments } from "./segment-reader.ts";

const { signal } = new AbortController();

/** Everything from `position` on, in pieces of at most `room` bytes. */
async function readAll(reader: BlobReader, position = 0, room = 1000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const into = Buffer.alloc(room);
  for (let at = position; ;) {
    const length = await reader.read(into, at, signal);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(Buffer.from(into.subarray(0, length)));
    at += length;
  }
}

async function contentOf(segment: Segment, room?: number): Promise<Buffer> {
  await using reader = openSegments([segment]);
  return await readAll(reader, 0, room);
}

test("segments read as one are their bytes one after another, from anywhere", async () => {
  const lists = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });
  const property = fc.asyncProperty(
    lists,
    fc.integer({ min: 1, max: 30 }),
    fc.array(fc.nat(170)),
    async (runs, room, places) => {
      const all = Buffer.concat(runs);
      await using reader = openSegments(runs.map(bytesSegment));
      for (const place of [...places, 0])
        assert.deepEqual(await readAll(reader, place, room), Buffer.from(all.subarray(place)));
    },
  );
  await fc.assert(property);
});

test("one segment is open at a time, and none after the end", async () => {
  let open = 0;
  const opened: number[] = [];
  const counting = (length: number, number: number): Segment => ({
    length,
    open: () => {
      const reader = bytesSegment(new Uint8Array(length)).open();
      assert.equal(++open, 1);
      opened.push(number);
      return { ...reader, [Symbol.asyncDispose]: async () => void open-- };
    },
  });
  {
    await using reader = openSegments([10, 0, 20, 5].map(counting));
    await readAll(reader, 0, 7);
    await reader.read(Buffer.alloc(1), 12, signal);
  }
  assert.deepEqual([open, opened], [0, [0, 2, 3, 2]]);
});

const bytes = mixedBytes(100_000, "object");

/** A destination whose objects stay open, and whose versions are the test's. */
function versioned(version: () => string, changedAt = 0) {
  const memory = new MemoryDestination();
  memory.objects.set("object", Uint8Array.from(bytes));
  let open = 0;
  const openObject = async (name: string): Promise<OpenObject> => {
    open++;
    const content = memory.objects.get(name) ?? new Uint8Array(0);
    return {
      size: content.length,
      version: version(),
      changedAt,
      read: async (into, position) => {
        const run = content.subarray(position, position + into.length);
        into.set(run);
        return run.length;
      },
      [Symbol.asyncDispose]: async () => void open--,
    };
  };
  const destination: Destination = Object.assign(memory, { openObject });
  return { destination, objects: memory.objects, opened: () => open };
}

const flip = (objects: Map<string, Uint8Array>, at: number): void => {
  const content = objects.get("object");
  if (content !== undefined) content[at] = (content[at] ?? 0) ^ 1;
};

const whole = (destination: Destination, proven: ProvenObjects) =>
  objectSegment({ destination, name: "object", size: bytes.length, sha256: sha256(bytes), proven });

test("a whole object is given, but never with bytes that are not its own", async () => {
  for (const make of [
    () => versioned(() => "1"),
    () => ({ ...versioned(() => "1"), destination: plain() }),
  ]) {
    const { destination } = make();
    const segment = whole(destination, new ProvenObjects({ now: () => 10_000 }));
    for (const room of [1000, 65_536, 1_000_000])
      assert.ok((await contentOf(segment, room)).equals(bytes), `${room} bytes at a time`);
  }
});

function plain(): MemoryDestination {
  const memory = new MemoryDestination();
  memory.objects.set("object", Uint8Array.from(bytes));
  return memory;
}

test("a flipped bit is Damaged before the last bytes are given, wherever it is", async () => {
  for (const at of [0, 5000, bytes.length - 1])
    for (const { destination, objects } of [versioned(() => "1"), withObjects(plain())]) {
      flip(objects, at);
      await using reader = whole(destination, new ProvenObjects({ now: () => 10_000 })).open();
      let given = 0;
      const read = async (): Promise<void> => {
        for (;;) given += await reader.read(Buffer.alloc(30_000), given, signal);
      };
      await assert.rejects(read(), { code: "Damaged", message: /object/ });
      assert.ok(given >= 60_000 && given < bytes.length, `${given} bytes`);
    }
});

const withObjects = (destination: MemoryDestination) => ({ destination, objects: destination.objects });

test("an object of another size is Damaged at once, and one that is missing", async () => {
  for (const size of [bytes.length + 1, bytes.length - 1])
    for (const destination of [versioned(() => "1").destination, plain()]) {
      const proven = new ProvenObjects({ now: () => 10_000 });
      const object = { destination, name: "object", size, sha256: sha256(bytes), proven };
      const run = { destination, name: "object", size, offset: 0, length: 5 };
      for (const segment of [objectSegment(object), objectRunSegment(run)]) {
        await using reader = segment.open();
        await assert.rejects(reader.read(Buffer.alloc(5), 0, signal), { code: "Damaged" });
      }
    }
  const nowhere = { destination: new MemoryDestination(), name: "object", size: 5, offset: 0, length: 5 };
  await using reader = objectRunSegment(nowhere).open();
  await assert.rejects(reader.read(Buffer.alloc(5), 0, signal), { code: "Damaged" });
});

test("an object is closed when its reader is, also when it was never read", async () => {
  const { destination, opened } = versioned(() => "1");
  const segment = whole(destination, new ProvenObjects({ now: () => 10_000 }));
  const reader = segment.open();
  await reader[Symbol.asyncDispose]();
  await reader.read(Buffer.alloc(5), 0, signal);
  assert.equal(opened(), 1);
  await reader[Symbol.asyncDispose]();
  await reader[Symbol.asyncDispose]();
  assert.equal(opened(), 0);
});

test("read out of order nothing can be said of the whole, until it begins again", async () => {
  const { destination, objects } = versioned(() => "1");
  flip(objects, 5);
  await using reader = whole(destination, new ProvenObjects({ now: () => 10_000 })).open();
  const into = Buffer.alloc(50_000);
  for (const position of [50_000, 0]) assert.equal(await reader.read(into, position, signal), 50_000);
  await assert.rejects(reader.read(into, 50_000, signal), { code: "Damaged" });
});

test("what was proven is not hashed again, until it may have changed or an hour has passed", async () => {
  let now = 10_000;
  let version = "1";
  const { destination, objects } = versioned(() => version);
  const proven = new ProvenObjects({ now: () => now });
  const read = (): Promise<Buffer> => contentOf(whole(destination, proven));
  await read();
  // Nobody would do this: it shows that the bytes are not hashed.
  flip(objects, 5);
  now += 3_599_000;
  await read();
  now += 2_000;
  await assert.rejects(read(), { code: "Damaged" });
  flip(objects, 5);
  await read();
  flip(objects, 5);
  await read();
  version = "2";
  await assert.rejects(read(), { code: "Damaged" });
  version = "1";
  now -= 10_000_000;
  await assert.rejects(read(), { code: "Damaged" }, "a clock that was set back");
});

test("what changed a moment ago, or can't be told from what it was, is hashed each time", async () => {
  const recent = versioned(() => "1", 9_000);
  for (const { destination, objects } of [recent, withObjects(plain())]) {
    const proven = new ProvenObjects({ now: () => 10_000 });
    await contentOf(whole(destination, proven));
    flip(objects, 5);
    await assert.rejects(contentOf(whole(destination, proven)), { code: "Damaged" });
  }
});

test("of many proofs the oldest are forgotten", () => {
  const proven = new ProvenObjects({ now: () => 10_000 }, 2);
  const object = (version: string) => ({ version, changedAt: 0 }) as unknown as OpenObject;
  for (const version of ["1", "2", "3"]) proven.add(object(version), "digest", 10_000);
  assert.deepEqual(
    ["1", "2", "3"].map((version) => proven.has(object(version), "digest")),
    [false, true, true],
  );
  assert.equal(proven.has(object("3"), "other"), false);
});

test("a range of an object is that and no more; read in order it is one stream", async () => {
  const destination = plain();
  let streams = 0;
  const read = destination.read.bind(destination);
  destination.read = (name, range, inner) => {
    streams++;
    return read(name, range, inner);
  };
  const run = objectRunSegment({
    destination,
    name: "object",
    size: bytes.length,
    offset: 10,
    length: 80_000,
  });
  assert.ok((await contentOf(run, 999)).equals(bytes.subarray(10, 80_010)));
  assert.equal(streams, 1);
});

test("content that does not have its CRC-32 is Damaged before its last bytes are given", async () => {
  const damaged = (what: string): LongshoreError => new LongshoreError("Damaged", `it ${what}`);
  const right = checkedSegment(bytesSegment(bytes), { crc32: crc32(bytes), damaged });
  assert.ok((await contentOf(right)).equals(bytes));
  const wrong = checkedSegment(bytesSegment(bytes), { crc32: 1, damaged });
  await using reader = wrong.open();
  const into = Buffer.alloc(60_000);
  // A range of it can't be checked.
  assert.equal(await reader.read(into, 50_000, signal), 50_000);
  assert.equal(await reader.read(into, 0, signal), 60_000);
  await assert.rejects(reader.read(into, 60_000, signal), { code: "Damaged" });
});
