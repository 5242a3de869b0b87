/** What every place for an export must do, whatever it is: a folder or a prefix in a bucket. */
import { planName } from "../../domain/record-names.ts";
import { type Check, type CheckedDestination, expect, type NotOffered } from "./check.ts";
import { areSame, byUnits, namesIn, objectBytes, putObject, recordText, sampleBytes } from "./samples.ts";

type DestinationCheck = Check<CheckedDestination>;

const records: DestinationCheck = {
  name: "gives back a record as it was put, and the last of it, to every process",
  run: async ({ destination, again }, signal) => {
    const name = "plan/record.json";
    expect((await destination.get(name, signal)) === undefined, "it has a record that nobody has put");
    for (const text of ["", "first", "the second, which is longer"]) {
      await destination.put(name, Buffer.from(text), signal);
      for (const handle of [destination, again()])
        expect((await recordText(handle, name, signal)) === text, "a record is another than was put");
    }
    for (const missing of ["none", "plan/none", "plan/record.json/below"])
      expect((await destination.get(missing, signal)) === undefined, `it has ${missing}, which nobody put`);
    return undefined;
  },
};

const first: DestinationCheck = {
  name: "leaves a receipt as whoever was first wrote it",
  run: async ({ destination, again }, signal) => {
    const name = "receipts/1";
    const put = (handle: typeof destination, text: string): Promise<boolean> =>
      handle.putIfAbsent(name, Buffer.from(text), signal);
    expect(await put(destination, "first"), "nothing can be put for the first time");
    for (const handle of [destination, again()])
      expect(!(await put(handle, "late")), "who comes late hears that it was first");
    expect((await recordText(destination, name, signal)) === "first", "a receipt was replaced");
    await destination.remove(name, signal);
    expect(await put(again(), "new"), "what was removed can't be put again");
    expect((await recordText(destination, name, signal)) === "new", "what was put again is not there");
    return undefined;
  },
};

const marks: DestinationCheck = {
  name: "sets a mark once",
  run: async ({ destination, again }, signal) => {
    expect(await destination.mark("attempts/1.1", signal), "a mark can't be set");
    for (const handle of [destination, again()])
      expect(!(await handle.mark("attempts/1.1", signal)), "a mark is set twice");
    expect(await destination.mark("attempts/1.2", signal), "another mark can't be set");
    expect((await destination.size("attempts/1.1", signal)) === 0, "a mark is not empty");
    return undefined;
  },
};

/** Rounds of eight: a store that has no arbiter by itself is seldom lucky as often. */
const rounds = 4;

const arbiter: DestinationCheck = {
  name: "says to one alone of many at the same instant that it was first",
  run: async ({ destination, again }, signal) => {
    let winners = 0;
    for (let round = 0; round < rounds; round++) {
      const name = `receipts/${round}`;
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          (i % 2 === 0 ? destination : again()).putIfAbsent(name, Buffer.from(`${i}`), signal),
        ),
      );
      const stands = Number(await recordText(destination, name, signal));
      expect(won[stands] === true, "whoever's bytes stand has heard that it was late");
      winners += won.filter(Boolean).length;
    }
    return winners > rounds ? noArbiter : undefined;
  },
};

const noArbiter: NotOffered = {
  reason:
    "it has no conditional writes, so two processes on one export may do work twice; what is finished is right all the same",
};

const whole: DestinationCheck = {
  name: "shows an object when it is whole, and not before",
  run: async ({ destination, again }, signal) => {
    const bytes = sampleBytes(300_000, "written");
    {
      await using writer = await destination.create("tmp/part", signal);
      writer.write(bytes.subarray(0, 100_000));
      writer.write(bytes.subarray(100_000));
      expect((await again().size("parts/a", signal)) === undefined, "half an object can be seen");
      await writer.commit("parts/a");
      expect((await objectBytes(again(), "parts/a", signal)).equals(bytes), "an object is other bytes");
      await writer.flush();
    }
    {
      await using writer = await destination.create("tmp/other", signal);
      writer.write(Buffer.from("dropped"));
    }
    const names = await namesIn(destination, signal);
    expect(areSame(names, ["parts/a"]), "it keeps what was dropped before its end");
    return undefined;
  },
};

const ranges: DestinationCheck = {
  name: "gives any range of an object, ending early where the object ends",
  run: async ({ destination }, signal) => {
    const bytes = sampleBytes(3 * 2 ** 20 + 17, "ranges");
    await putObject(destination, "parts/a", bytes, signal);
    expect((await destination.size("parts/a", signal)) === bytes.length, "an object has another size");
    for (const [offset, length] of [
      [0, bytes.length],
      [0, 0],
      [0, 1],
      [1, 2 ** 20],
      [2 ** 20, 2 ** 20 + 1],
      [bytes.length - 1, 1],
      [bytes.length - 1, 100],
      [bytes.length, 100],
      [bytes.length + 100, 100],
      [0, bytes.length * 2],
    ] as const) {
      const chunks = await Array.fromAsync(destination.read("parts/a", { offset, length }, signal));
      expect(
        Buffer.concat(chunks).equals(bytes.subarray(offset, offset + length)),
        `${length} bytes from ${offset} on are others than were written`,
      );
      expect(
        chunks.every((chunk) => chunk.length > 0),
        "a range comes in empty pieces",
      );
    }
    return undefined;
  },
};

/** With neighbours whose order differs by "-", "." and "/", bytes that are no UTF-8, and prefixes of one another. */
const names = [
  "a-b/c",
  "a.",
  "a/b/c",
  "a/b0",
  "a/c",
  "a0",
  "b/gr\xc3\xbc\xc3\x9fe",
  "b/\xff\xfe",
  planName,
  "plan/0",
];
const prefixes = [
  "",
  "a",
  "a/",
  "a/b",
  "a/b/",
  "a/b/c",
  "a/b/c/d",
  "b/",
  "b/\xff",
  "plan",
  "plan.",
  "c",
  "x/y",
];

const lists: DestinationCheck = {
  name: "lists names by their beginning, in the order of their bytes, with sizes",
  run: async ({ destination }, signal) => {
    for (const name of names.toReversed()) await destination.put(name, Buffer.alloc(name.length), signal);
    for (const prefix of prefixes) {
      const found = await Array.fromAsync(destination.list(prefix, signal));
      const expected = names.filter((name) => name.startsWith(prefix)).toSorted(byUnits);
      expect(
        areSame(
          found.map(({ name }) => name),
          expected,
        ),
        `it lists other names, or in another order, than are there below "${prefix}"`,
      );
      expect(
        found.every(({ name, size }) => size === name.length),
        "it lists other sizes than objects have",
      );
    }
    return undefined;
  },
};

const removes: DestinationCheck = {
  name: "removes one object, everything below a folder, and nothing else",
  run: async ({ destination }, signal) => {
    for (const name of ["a", "tmp/a", "tmp/b/c", "tmpfile", "tmp-"])
      await destination.put(name, Buffer.from("1"), signal);
    for (const missing of ["a", "a", "none/none"]) await destination.remove(missing, signal);
    await destination.removeAll("tmp", signal);
    await destination.removeAll("tmp", signal);
    expect(
      areSame(await namesIn(destination, signal), ["tmp-", "tmpfile"]),
      "it keeps what was removed, or removes what was not to be",
    );
    await destination.put("tmp/a", Buffer.from("1"), signal);
    expect((await recordText(destination, "tmp/a", signal)) === "1", "what was removed can't be put again");
    return undefined;
  },
};

const copies: DestinationCheck = {
  name: "takes over an object of another export",
  needs: "copies",
  run: async ({ destination, other }, signal) => {
    const bytes = sampleBytes(200_000, "copied");
    const name = "files/gr\xc3\xbc\xc3\x9fe\xff";
    const from = await other();
    await putObject(from, name, bytes, signal);
    for (const _time of ["once", "again"])
      if ((await destination.copyFrom?.(from, name, "parts/a", signal)) !== true)
        return {
          reason: "the store does not copy by itself, so what is taken over goes through this machine",
        };
    expect((await objectBytes(destination, "parts/a", signal)).equals(bytes), "a copy is other bytes");
    await destination.remove("parts/a", signal);
    expect((await objectBytes(from, name, signal)).equals(bytes), "the original goes with its copy");
    return undefined;
  },
};

export const destinationChecks: readonly DestinationCheck[] = [
  records,
  first,
  marks,
  arbiter,
  whole,
  ranges,
  lists,
  removes,
  copies,
];
