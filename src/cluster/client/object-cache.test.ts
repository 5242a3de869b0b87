import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KubeObject } from "../kube-api.ts";
import { createObjectCache, keyText, type ObjectChange } from "./object-cache.ts";
import { isAtLeast } from "./resource-version.ts";

interface Labelled extends KubeObject {
  readonly label: string;
}

const object = (name: string, version: number, uid = "u", label = "x"): Labelled => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "team", name, uid, resourceVersion: `${version}` },
  label,
});
const newCache = () => createObjectCache<Labelled>(({ label }) => (label === "" ? undefined : label));
const textOf = ({ type, object: { metadata } }: ObjectChange<Labelled>): string =>
  `${type} ${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;

test("says what a news of one object means, and nothing twice", () => {
  const cache = newCache();
  const steps: [Parameters<typeof cache.take>[0]["type"] | "LISTED", Labelled, string[]][] = [
    ["MODIFIED", object("a", 9), ["ADDED a u 9"]],
    ["ADDED", object("a", 9), []],
    ["MODIFIED", object("a", 8), []],
    ["MODIFIED", object("a", 10), ["MODIFIED a u 10"]],
    ["DELETED", object("a", 9), []],
    ["ADDED", object("a", 12, "v"), ["DELETED a u 10", "ADDED a v 12"]],
    ["DELETED", object("a", 11, "u"), []],
    ["LISTED", object("a", 12, "v"), []],
    ["LISTED", object("a", 5, "v"), ["MODIFIED a v 5"]],
    ["DELETED", object("a", 13, "v"), ["DELETED a v 13"]],
    ["DELETED", object("a", 13, "v"), []],
  ];
  for (const [type, given, told] of steps) {
    const changes = type === "LISTED" ? cache.takeListed(given) : cache.take({ type, object: given });
    assert.deepEqual(changes.map(textOf), told, `${type} ${given.metadata.resourceVersion}`);
  }
  assert.deepEqual([cache.list(), cache.drop("team/a")], [[], []]);
});

test("whoever applies the changes has what the cache has, and the index finds just that", () => {
  const name = fc.constantFrom("a", "b", "c");
  const label = fc.constantFrom("", "x", "y");
  const news = fc.record({
    name,
    label,
    uid: fc.constantFrom("u", "v"),
    type: fc.constantFrom("ADDED", "MODIFIED", "DELETED", "LISTED", "GONE"),
    step: fc.integer({ min: -3, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(news), (all) => {
      const cache = newCache();
      const state = new Map<string, Labelled>();
      let version = 100;
      for (const { name: named, label: labelled, uid, type, step } of all) {
        const given = object(named, (version += step), uid, labelled);
        const key = keyText(given.metadata);
        const changes =
          type === "GONE"
            ? cache.drop(key)
            : type === "LISTED"
              ? cache.takeListed(given)
              : cache.take({ type, object: given });
        for (const { type: told, object: about } of changes) {
          assert.equal(told === "ADDED", !state.has(key));
          if (told === "DELETED") state.delete(key);
          else state.set(key, about);
        }
      }
      assert.deepEqual(new Set(cache.list()), new Set(state.values()));
      for (const value of ["", "x", "y"])
        assert.deepEqual(
          new Set(cache.indexed(value)),
          new Set([...state.values()].filter((one) => one.label === value && value !== "")),
        );
    }),
  );
});

test("versions are compared as the numbers they are, of any length", () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(fc.property(version, version, (a, b) => isAtLeast(`${a}`, `${b}`) === a >= b));
});
