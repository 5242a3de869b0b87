import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeekTable } from "./seek-table.ts";

test("lists every frame between a skippable frame's header and the footer", () => {
  const table = createSeekTable();
  table.add(0x11223344, 4 << 20);
  table.add(100, 0);
  assert.equal(
    Buffer.from(table.finish()).toString("hex"),
    // magic, length of what follows; sizes of two frames; their number, descriptor, magic
    [
      "5e2a4d18",
      "19000000",
      "44332211",
      "00004000",
      "64000000",
      "00000000",
      "02000000",
      "00",
      "b1ea928f",
    ].join(""),
  );
});

test("an empty one has 17 bytes", () => {
  assert.equal(createSeekTable().finish().length, 17);
});

test("grows with the number of frames", () => {
  const table = createSeekTable();
  for (let i = 0; i < 100_000; i++) table.add(i, i + 1);
  const bytes = table.finish();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  assert.equal(bytes.length, 8 + 800_000 + 9);
  assert.equal(view.getUint32(8 + 8 * 99_999, true), 99_999);
  assert.equal(view.getUint32(12 + 8 * 99_999, true), 100_000);
  assert.equal(view.getUint32(8 + 800_000, true), 100_000);
});
