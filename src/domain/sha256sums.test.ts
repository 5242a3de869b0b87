import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Sums, sha256SumsLine } from "./sha256sums.ts";

const digest = "ab".repeat(32);

test("names are escaped as GNU sha256sum escapes them", () => {
  const cases: [string, string][] = [
    ["parts/a", `${digest}  parts/a\n`],
    ["a b ", `${digest}  a b \n`],
    ["a\nb", `\\${digest}  a\\nb\n`],
    ["a\rb", `\\${digest}  a\\rb\n`],
    ["a\\nb", `\\${digest}  a\\\\nb\n`],
    ["\xff", `${digest}  \xff\n`],
  ];
  for (const [name, line] of cases) assert.equal(sha256SumsLine({ name, sha256: digest }), line);
});

test("parts in order, then the manifest; files only where files are kept", async () => {
  const parts = [
    { object: "parts/0", sha256: "0".repeat(64) },
    { object: "parts/1", sha256: "1".repeat(64) },
  ];
  const files = (async function* () {
    yield [{ name: "files/x\xff", sha256: "2".repeat(64) }];
  })();
  assert.equal(
    await joined(sha256Sums({ format: "tar", parts }, digest)),
    `${"0".repeat(64)}  parts/0\n${"1".repeat(64)}  parts/1\n${digest}  manifest.json\n`,
  );
  assert.equal(
    await joined(sha256Sums({ format: "files", parts }, digest, files)),
    `${"2".repeat(64)}  files/x\xff\n${digest}  manifest.json\n`,
  );
});

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += Buffer.from(chunk).toString("latin1");
  return text;
}
