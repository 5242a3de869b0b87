/** The part of the Destination suite about objects that stay open, which a driver may or may not offer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LongshoreError } from "../../src/domain/errors.ts";
import type { Destination, OpenObject } from "../../src/domain/ports/destination.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";

const { signal } = new AbortController();

/** What a destination may be able to do; one that is not has nothing to prove. */
export function testOpenObjects(
  withDestination: (use: (destination: Destination) => Promise<void>) => Promise<void>,
): void {
  const bytes = mixedBytes(300_000, "opened");
  const name = "parts/gr\xc3\xbc\xc3\x9fe\xff";
  const withObject = (use: (open: () => Promise<OpenObject>, destination: Destination) => Promise<void>) =>
    withDestination(async (destination) => {
      await put(destination, name, bytes);
      const open = destination.openObject?.bind(destination);
      if (open !== undefined) await use(() => open(name, signal), destination);
    });

  test("an open object gives any bytes into the reader's buffer, and none at its end", () =>
    withObject(async (open) => {
      await using object = await open();
      assert.equal(object.size, bytes.length);
      const buffer = Buffer.alloc(100_000);
      for (const position of [0, 100_000, 17, bytes.length - 1, bytes.length - 70_000, 0]) {
        let length = 0;
        while (length < buffer.length) {
          const read = await object.read(buffer.subarray(length), position + length);
          if (read === 0) break;
          length += read;
        }
        const expected = bytes.subarray(position, position + buffer.length);
        assert.ok(buffer.subarray(0, length).equals(expected), `from ${position}`);
      }
      for (const position of [bytes.length, bytes.length + 100])
        assert.equal(await object.read(buffer, position), 0);
    }));

  test("an open object never becomes another when it is replaced or removed, and has a version of its own", () =>
    withObject(async (open, destination) => {
      await using object = await open();
      {
        await using again = await open();
        assert.equal(again.version, object.version);
      }
      await put(destination, name, Buffer.alloc(bytes.length));
      {
        await using other = await open();
        assert.notEqual(other.version, object.version);
        assert.ok(other.changedAt >= object.changedAt && other.changedAt <= Date.now() + 1000);
      }
      await assertTheSame(object);
      await destination.remove(name, signal);
      await assertTheSame(object);
    }));

  /** What it was, or nothing: a store does not keep what was replaced. */
  async function assertTheSame(object: OpenObject): Promise<void> {
    const buffer = Buffer.alloc(1000);
    try {
      assert.equal(await object.read(buffer, 5), 1000);
      assert.ok(buffer.equals(bytes.subarray(5, 1005)));
    } catch (error) {
      if (!(error instanceof LongshoreError) || error.code !== "Damaged") throw error;
    }
  }

  test("closing an open object again does nothing", () =>
    withObject(async (open) => {
      const object = await open();
      await object[Symbol.asyncDispose]();
      await object[Symbol.asyncDispose]();
    }));

  test("opening what is not there is Damaged, and names it", () =>
    withObject(async (_open, destination) => {
      for (const other of ["parts/none", "none/none", "parts"])
        await assert.rejects(async () => destination.openObject?.(other, signal), {
          code: "Damaged",
          message: new RegExp(other),
        });
    }));
}

async function put(destination: Destination, name: string, bytes: Uint8Array): Promise<void> {
  await using writer = await destination.create("tmp/put", signal);
  writer.write(bytes);
  await writer.commit(name);
}
