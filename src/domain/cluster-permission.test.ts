import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { namedObjects, neededRights, sufficientReview } from "./cluster-permission.ts";
import { kinds, type Kind } from "./resources/resource.ts";

const bucket = (secret: string) => ({ url: "s3://lake", credentialsSecretRef: { name: secret } });

suite("rights that a document needs", () => {
  test("one for each object that it names, in its own namespace", () => {
    const spec = {
      source: { volume: { claimName: "reports" } },
      destination: { bucket: bucket("key") },
      previous: { name: "monday" },
      workers: { imagePullSecrets: [{ name: "a" }, { name: "b" }] },
    };
    assert.deepEqual(
      neededRights("Export", "team-a", { spec }).map(({ field, review: { namespace, ...review } }) => {
        assert.equal(namespace, "team-a");
        return [field, ...Object.values(review)].join(" ");
      }),
      [
        "spec.source.volume.claimName  persistentvolumeclaims export reports",
        "spec.destination.bucket.credentialsSecretRef.name  secrets get key",
        "spec.previous.name longshore.dev exports download get monday",
        "spec.workers.imagePullSecrets[].name  secrets get a",
        "spec.workers.imagePullSecrets[].name  secrets get b",
      ],
    );
  });

  const documents: readonly [Kind, unknown, readonly string[]][] = [
    ["Export", { source: { directory: { path: "/x" } }, destination: { name: "outbox" } }, []],
    [
      "Export",
      { source: { bucket: bucket("in") }, destination: { volume: { claimName: "out" } } },
      ["in", "out"],
    ],
    ["ExportDestination", { volume: { claimName: "out" } }, ["out"]],
    ["ExportDestination", { bucket: bucket("key") }, ["key"]],
    ["DownloadGrant", { exportRef: { name: "reports" } }, ["reports"]],
    ["Export", { source: "x", workers: { imagePullSecrets: { name: "x" } } }, []],
    ["Export", null, []],
  ];
  for (const [kind, spec, names] of documents)
    test(`${kind} ${JSON.stringify(spec)} needs ${names.length}`, () => {
      const rights = neededRights(kind, "team-a", { spec });
      assert.deepEqual(
        rights.map(({ name }) => name),
        names,
      );
    });

  test("creating pods makes them superfluous", () => {
    assert.deepEqual(sufficientReview("team-a"), {
      group: "",
      resource: "pods",
      verb: "create",
      namespace: "team-a",
    });
  });
});

/** Names that open nothing: an ExportDestination was opened by who made it, classes are the cluster's. */
const free = ["spec.destination.name"];

test("the list has every name of an object that a spec can hold", () => {
  for (const kind of Object.keys(kinds) as Kind[]) {
    const schema = z.toJSONSchema(kinds[kind].spec, { target: "openapi-3.0", io: "input" });
    const found = namesIn(schema as Json, "spec").filter((field) => !free.includes(field));
    assert.deepEqual(found.toSorted(), namedObjects[kind].map(({ field }) => field).toSorted(), kind);
  }
});

interface Json {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly items?: Json;
}

/** Where a member is called `name` or `claimName`. */
function namesIn({ properties = {}, items }: Json, path: string): string[] {
  const own = Object.entries(properties).flatMap(([member, schema]) => {
    const field = `${path}.${member}`;
    return member === "name" || member === "claimName" ? [field] : namesIn(schema, field);
  });
  return [...own, ...(items === undefined ? [] : namesIn(items, `${path}[]`))];
}
