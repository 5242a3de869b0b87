/** The conformance suite of the Destination port: what every place for an export must do, so that a driver's test is ten lines. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Destination } from "../../src/domain/ports/destination.ts";
import { destinationLacks } from "../../src/engine/checking/check.ts";
import { destinationChecks } from "../../src/engine/checking/destination-checks.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { testOpenObjects } from "./destination-open-object.ts";

/** One place, empty at first and not prepared, that goes when it is disposed. */
export interface DestinationPlace extends AsyncDisposable {
  readonly destination: Destination;
  /** The same place as another process would have it. */
  readonly again: () => Destination;
  /** Another place, prepared. */
  readonly other: () => Promise<Destination>;
}

const { signal } = new AbortController();
const aborted = AbortSignal.abort(new Error("enough"));

/** What a place can't have by its nature; its driver's documentation says so. */
export interface DestinationLimits {
  /** A reason why of two that come at the same instant both may hear that they were first. */
  readonly noArbiter?: string;
  /** A reason why there is no lock. */
  readonly noLock?: string;
  /** A reason why there is nothing to test against at all. */
  readonly skip?: string | false;
}

/** Runs the suite against the places that `open` makes. */
export function testDestination(
  name: string,
  open: () => Promise<DestinationPlace>,
  limits: DestinationLimits = {},
): void {
  const withPlace = async (use: (place: DestinationPlace) => Promise<void>): Promise<void> => {
    await using place = await open();
    await place.destination.prepare(signal);
    await use(place);
  };
  describe(`destination ${name}`, { skip: limits.skip ?? false }, () => {
    testRecords(withPlace);
    testChecks(withPlace, limits);
    testReading(withPlace);
    testOpenObjects((use) => withPlace(({ destination }) => use(destination)));
    testListing(withPlace);
    testWriters(withPlace);
    testLock(withPlace, limits);

    test("before it is prepared there is nothing, and that is no error", async () => {
      await using place = await open();
      const { destination } = place;
      assert.equal(await destination.get("manifest.json", signal), undefined);
      assert.equal(await destination.size("parts/a", signal), undefined);
      assert.deepEqual(await Array.fromAsync(destination.list("", signal)), []);
    });

    test("preparing it again changes nothing", () =>
      withPlace(async ({ destination }) => {
        await destination.put("a", Buffer.from("1"), signal);
        await destination.prepare(signal);
        assert.equal(await textOf(destination, "a"), "1");
      }));

    test("every call that was cancelled before it began does nothing", () =>
      withPlace(async ({ destination }) => {
        await destination.put("kept", Buffer.from("1"), signal);
        const calls: Record<string, () => Promise<unknown>> = {
          get: () => destination.get("kept", aborted),
          put: () => destination.put("b", Buffer.from("2"), aborted),
          putIfAbsent: () => destination.putIfAbsent("b", Buffer.from("2"), aborted),
          mark: () => destination.mark("b", aborted),
          read: () => Array.fromAsync(destination.read("kept", { offset: 0, length: 1 }, aborted)),
          size: () => destination.size("kept", aborted),
          list: () => Array.fromAsync(destination.list("", aborted)),
          remove: () => destination.remove("kept", aborted),
          removeAll: () => destination.removeAll("kept", aborted),
          create: () => destination.create("tmp/b", aborted),
          flush: () => destination.flush(["kept"], aborted),
          ...(destination.lock === undefined
            ? undefined
            : { lock: async () => destination.lock?.("nobody", aborted) }),
          ...(destination.openObject === undefined
            ? undefined
            : { openObject: async () => destination.openObject?.("kept", aborted) }),
        };
        for (const [call, run] of Object.entries(calls))
          await assert.rejects(run, { message: "enough" }, call);
        assert.deepEqual(await namesIn(destination), ["kept"]);
      }));
  });
}

/** What `longshore destination check` runs on a person's own place. */
function testChecks(withPlace: WithPlace, { noArbiter }: DestinationLimits): void {
  for (const check of destinationChecks)
    test(check.name, (context) =>
      withPlace(async (place) => {
        const missing = destinationLacks(place, check.needs) ?? (await check.run(place, signal));
        if (missing === undefined) return;
        assert.ok(check.needs !== undefined || noArbiter !== undefined, missing.reason);
        context.skip(missing.reason);
      }),
    );
}

type WithPlace = (use: (place: DestinationPlace) => Promise<void>) => Promise<void>;

function testRecords(withPlace: WithPlace): void {
  test("keeps a record apart from the buffer it came in and from the one it gave", () =>
    withPlace(async ({ destination }) => {
      const buffer = Buffer.from("kept");
      await destination.put("a", buffer, signal);
      buffer.fill(0);
      (await destination.get("a", signal))?.fill(0);
      assert.equal(await textOf(destination, "a"), "kept");
    }));

  test("knows nothing of what was never put, or stands below a record", () =>
    withPlace(async ({ destination }) => {
      await destination.put("plan/record", Buffer.from("1"), signal);
      for (const name of ["none", "plan/none", "none/none", "plan/record/below"]) {
        assert.equal(await destination.get(name, signal), undefined, name);
        assert.equal(await destination.size(name, signal), undefined, name);
      }
      assert.equal(await destination.size("plan", signal), undefined, "a folder is no object");
    }));

  test("flushes objects, folders, and what is not there", () =>
    withPlace(async ({ destination }) => {
      await destination.put("plan/a", Buffer.from("1"), signal);
      await destination.flush(["", "plan", "plan/a", "none", "none/none"], signal);
      await destination.flush([], signal);
    }));
}

function testReading(withPlace: WithPlace): void {
  const bytes = mixedBytes(3 * 2 ** 20 + 17, "read");
  test("gives chunks that are the reader's own", () =>
    withPlace(async ({ destination }) => {
      await put(destination, "parts/a", bytes);
      for await (const chunk of destination.read("parts/a", { offset: 0, length: bytes.length }, signal))
        chunk.fill(0);
      assert.ok((await bytesOf(destination, "parts/a")).equals(bytes));
    }));

  test("a reader may stop early or be stopped", () =>
    withPlace(async ({ destination }) => {
      await put(destination, "parts/a", bytes);
      for await (const _ of destination.read("parts/a", { offset: 0, length: bytes.length }, signal)) break;
      const controller = new AbortController();
      const read = async (): Promise<void> => {
        for await (const _ of destination.read(
          "parts/a",
          { offset: 0, length: bytes.length },
          controller.signal,
        ))
          controller.abort(new Error("enough"));
      };
      await assert.rejects(read, { message: "enough" });
    }));

  test("reading what is not there is Damaged, and names it", () =>
    withPlace(async ({ destination }) => {
      const read = (): Promise<unknown> =>
        Array.fromAsync(destination.read("parts/none", { offset: 0, length: 1 }, signal));
      await assert.rejects(read, { code: "Damaged", message: /parts\/none/ });
    }));
}

function testListing(withPlace: WithPlace): void {
  test("a list outlives the removing of what it lists", () =>
    withPlace(async ({ destination }) => {
      for (const name of ["x/1", "x/2", "x/3"]) await destination.put(name, Buffer.from("1"), signal);
      const seen: string[] = [];
      for await (const { name } of destination.list("x/", signal)) {
        seen.push(name);
        await destination.removeAll("x", signal);
      }
      assert.equal(seen[0], "x/1");
      assert.deepEqual(await namesIn(destination), []);
    }));
}

function testWriters(withPlace: WithPlace): void {
  test("what was not committed is gone when the writer is disposed", () =>
    withPlace(async ({ destination }) => {
      await destination.put("parts/a", Buffer.from("old"), signal);
      {
        await using writer = await destination.create("tmp/part", signal);
        writer.write(Buffer.from("new"));
      }
      assert.deepEqual(await namesIn(destination), ["parts/a"]);
      assert.equal(await textOf(destination, "parts/a"), "old");
    }));

  test("an object may be empty, replace another, and be committed under a name in a new folder", () =>
    withPlace(async ({ destination }) => {
      await destination.put("files/a/b", Buffer.from("old"), signal);
      for (const name of ["files/a/b", "files/c/d/\xff"]) {
        await using writer = await destination.create("tmp/part", signal);
        await writer.commit(name);
        await writer.flush();
        assert.equal(await destination.size(name, signal), 0);
      }
      assert.deepEqual(await namesIn(destination), ["files/a/b", "files/c/d/\xff"]);
    }));

  test("writers do not disturb each other, and a disposed one may be disposed again", () =>
    withPlace(async ({ destination }) => {
      const writers = await Promise.all(
        ["1", "2", "3"].map((name) => destination.create(`tmp/${name}`, signal)),
      );
      for (const round of ["a", "b"])
        for (const [i, writer] of writers.entries()) writer.write(Buffer.from(`${round}${i}`));
      for (const [i, writer] of writers.entries()) await writer.commit(`parts/${i}`);
      for (const writer of writers) {
        await writer[Symbol.asyncDispose]();
        await writer[Symbol.asyncDispose]();
      }
      for (const i of [0, 1, 2]) assert.equal(await textOf(destination, `parts/${i}`), `a${i}b${i}`);
    }));
}

function testLock(withPlace: WithPlace, { noLock }: DestinationLimits): void {
  const skip = noLock ?? false;
  test("is taken by one at a time, and says by whom", { skip }, () =>
    withPlace(async ({ destination, again }) => {
      {
        await using _lock = await lock(destination, "process 7 on ship");
        for (const handle of [destination, again()])
          await assert.rejects(lock(handle, "process 8"), {
            code: "LocationBusy",
            message: /process 7 on ship/,
          });
        assert.equal(
          await destination.putIfAbsent("a", Buffer.from("1"), signal),
          true,
          "the lock is in nobody's way",
        );
      }
      await using _lock = await lock(again(), "process 8");
      await assert.rejects(lock(destination, "process 9"), {
        code: "LocationBusy",
        message: /process 8/,
      });
    }),
  );

  test("leaves nothing when it is released, and prepares the place if need be", { skip }, () =>
    withPlace(async ({ destination }) => {
      for (const holder of ["one", "two", "three"]) {
        await using _lock = await lock(destination, holder);
      }
      assert.deepEqual(await namesIn(destination), []);
    }),
  );
}

async function lock(destination: Destination, holder: string): Promise<AsyncDisposable> {
  return (await destination.lock?.(holder, signal)) ?? assert.fail("it has no lock, and gives no reason");
}

async function put(destination: Destination, name: string, bytes: Uint8Array): Promise<void> {
  await using writer = await destination.create("tmp/put", signal);
  writer.write(bytes);
  await writer.commit(name);
}

async function bytesOf(destination: Destination, name: string): Promise<Buffer> {
  const range = { offset: 0, length: (await destination.size(name, signal)) ?? 0 };
  return Buffer.concat(await Array.fromAsync(destination.read(name, range, signal)));
}

async function textOf(destination: Destination, name: string): Promise<string | undefined> {
  const bytes = await destination.get(name, signal);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

async function namesIn(destination: Destination): Promise<string[]> {
  return (await Array.fromAsync(destination.list("", signal))).map(({ name }) => name);
}
