import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BenchError } from "./bench-error.ts";
import { contest } from "./contest.ts";
import type { Result } from "./contest.ts";
import { BEGIN, END, replaceSection } from "./generated-section.ts";
import type { Sample } from "./measure.ts";
import { parseOptions } from "./options.ts";
import { markdownReport } from "./report.ts";
import { median, medianRatio } from "./statistics.ts";
import type { ToolName } from "./tools/tool.ts";
import type { Outcome } from "./works.ts";

const MIB = 1024 * 1024;

describe("median", () => {
  for (const { name, values, expected } of [
    { name: "one value", values: [3], expected: 3 },
    { name: "odd count", values: [9, 1, 5], expected: 5 },
    { name: "even count takes the middle of two", values: [4, 1, 3, 2], expected: 2.5 },
    { name: "sorts as numbers", values: [10, 9, 100], expected: 10 },
    { name: "an outlier moves nothing", values: [1, 1, 1, 1, 99], expected: 1 },
  ]) {
    test(name, () => assert.equal(median(values), expected));
  }
  test("no values", () => assert.throws(() => median([]), RangeError));
  test("leaves its argument as it is", () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe("medianRatio", () => {
  for (const { name, ours, theirs, expected } of [
    { name: "pair by pair, not median by median", ours: [1, 4, 3], theirs: [2, 2, 3], expected: 1 },
    {
      name: "a machine twice as slow in one round changes nothing",
      ours: [1, 2, 1],
      theirs: [2, 4, 2],
      expected: 0.5,
    },
    { name: "rounds without a partner are left out", ours: [1], theirs: [2, 99], expected: 0.5 },
    { name: "no pair", ours: [], theirs: [2], expected: undefined },
  ]) {
    test(name, () => assert.equal(medianRatio(ours, theirs), expected));
  }
});

describe("markdownReport", () => {
  for (const { name, outcome, cells } of [
    {
      name: "goal met",
      outcome: big(result("longshore", [1.5]), result("tar", [2])),
      cells: ["0.750", "≤ 0.750", "yes"],
    },
    {
      name: "goal missed",
      outcome: big(result("longshore", [1.6]), result("tar", [2])),
      cells: ["0.800", "≤ 0.750", "no"],
    },
    {
      name: "a factor as a fraction",
      outcome: big(result("longshore", [1]), result("duplicity", [15])),
      cells: ["0.067", "≤ 0.067", "yes"],
    },
    { name: "no Longshore, no ratio", outcome: big(result("tar", [2])), cells: ["–", "≤ 0.750", "–"] },
    {
      name: "a failed Longshore gives no ratio",
      outcome: big(failed("longshore"), result("tar", [2])),
      cells: ["–", "≤ 0.750", "–"],
    },
    {
      name: "memory of Longshore",
      outcome: big(result("longshore", [1], 511)),
      cells: ["–", "< 512 MiB", "yes"],
    },
    {
      name: "memory at the limit",
      outcome: big(result("longshore", [1], 512)),
      cells: ["–", "< 512 MiB", "no"],
    },
    { name: "a failed tool", outcome: big(failed("restic")), cells: ["–", "–", "no"] },
  ] satisfies { name: string; outcome: Outcome; cells: string[] }[]) {
    test(name, () => assert.deepEqual(lastRow(page([outcome])).slice(-3), cells));
  }

  test("all figures of a row", () => {
    const row = lastRow(page([big(result("rclone", [3, 1, 2], 65.4))]));
    assert.deepEqual(row.slice(0, 6), ["big: 4 × 512 MiB", "rclone", "2.00", "1.00–3.00", "4.00", "65"]);
  });
  test("a pipe in a label does not break the table", () => {
    const outcome = big({ ...result("tar", [1]), label: "tar | zstd" });
    assert.match(page([outcome]), /\| tar \\\| zstd \|/);
  });
  test("says what is missing, what failed and that a scaled run proves nothing", () => {
    const text = page([big(failed("restic"))], { scale: 0.1, missing: ["duplicity"] });
    assert.match(text, /not installed: duplicity\./);
    assert.match(text, /\*\*big, restic failed\*\*: no space left/);
    assert.match(text, /scale 0\.1/);
  });
});

describe("replaceSection", () => {
  for (const { name, before, after } of [
    { name: "a new page", before: "", after: `# Benchmarks\n\n${BEGIN}\nnew\n${END}\n` },
    {
      name: "a page without a section",
      before: "# Speed\n\nProse.\n",
      after: `# Speed\n\nProse.\n\n${BEGIN}\nnew\n${END}\n`,
    },
    {
      name: "prose on both sides stays",
      before: `above\n${BEGIN}\nold\n${END}\nbelow\n`,
      after: `above\n${BEGIN}\nnew\n${END}\nbelow\n`,
    },
  ]) {
    test(name, () => assert.equal(replaceSection(before, "new\n"), after));
  }
  for (const { name, before } of [
    { name: "only the first marker", before: BEGIN },
    { name: "only the last marker", before: END },
    { name: "markers in the wrong order", before: `${END}\n${BEGIN}` },
  ]) {
    test(name, () => assert.throws(() => replaceSection(before, "new"), BenchError));
  }
});

describe("parseOptions", () => {
  test("keeps the order of the report whatever the order typed", () => {
    const options = parseOptions(["--only", "small, big", "--tools", "rclone,tar"]);
    assert.ok(options !== "help");
    assert.deepEqual(
      [options.works, options.peers],
      [
        ["big", "small"],
        ["tar", "rclone"],
      ],
    );
  });
  for (const args of [
    ["--only", "large"],
    ["--tools", "rsync"],
    ["--runs", "0"],
    ["--runs", "1.5"],
    ["--scale", "x"],
    ["--scale", ""],
    ["--what"],
    ["stray"],
  ]) {
    test(`refuses ${args.join(" ")}`, () => assert.throws(() => parseOptions(args), { name: "UsageError" }));
  }
});

describe("contest", () => {
  const signal = new AbortController().signal;
  const say = (): void => undefined;

  test("runs in turn, verifies the warm-up alone and does not count it", async () => {
    const log: string[] = [];
    const entrant = (name: ToolName) => ({
      name,
      label: name,
      run: async (verify: boolean) => {
        log.push(`${name}${verify ? "!" : ""}`);
        return sample(log.length);
      },
    });
    const results = await contest(
      [entrant("longshore"), entrant("tar")],
      { measured: 2, warmUp: true, say },
      signal,
    );
    assert.deepEqual(log, ["longshore!", "tar!", "longshore", "tar", "longshore", "tar"]);
    assert.deepEqual(
      results.map(({ samples }) => samples.map(({ seconds }) => seconds)),
      [
        [3, 5],
        [4, 6],
      ],
    );
  });
  test("takes a failed tool out and goes on with the others", async () => {
    let turns = 0;
    const broken = {
      name: "restic",
      label: "restic",
      run: () => Promise.reject(new BenchError("wrong count")),
    } as const;
    const sound = { name: "tar", label: "tar", run: async () => sample(++turns) } as const;
    const results = await contest([broken, sound], { measured: 3, warmUp: false, say }, signal);
    assert.deepEqual(
      results.map(({ failure, samples }) => [failure, samples.length]),
      [
        ["wrong count", 0],
        [undefined, 3],
      ],
    );
  });
});

function big(...results: Result[]): Outcome {
  return { work: "big", title: "4 × 512 MiB", results };
}

function result(name: ToolName, seconds: readonly number[], peakMib = 1): Result {
  return { name, label: name, samples: seconds.map((value) => sample(value, peakMib)), failure: undefined };
}

function failed(name: ToolName): Result {
  return { ...result(name, [1]), failure: "no space\nleft" };
}

function sample(seconds: number, peakMib = 1): Sample {
  return { seconds, cpuSeconds: seconds * 2, peakBytes: peakMib * MIB };
}

function page(
  outcomes: readonly Outcome[],
  changes: { readonly scale?: number; readonly missing?: readonly string[] } = {},
): string {
  const host = {
    date: "2026-01-02",
    processor: "A processor",
    cores: 2,
    memoryGib: 8,
    kernel: "Linux 6",
    node: "v24.0.0",
    load: 0,
  };
  return markdownReport({
    host,
    scale: 1,
    runs: 5,
    meter: "by hand",
    fileSystem: "ext4",
    versions: [],
    missing: [],
    outcomes,
    ...changes,
  });
}

function lastRow(text: string): readonly string[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  return (rows.at(-1) ?? "").slice(2, -2).split(" | ");
}
