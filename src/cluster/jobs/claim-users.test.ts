import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { madeUpJob, madeUpPod, running } from "../../../test/fixtures/kube-jobs.ts";
import { type ClaimUser, type Place, placeAmong } from "./claim-users.ts";
import type { Pod } from "./objects.ts";
import type { SecurityContext } from "./pod-spec.ts";

const some = madeUpPod(madeUpJob("all"), 0, running);
const labelled = (level: string): SecurityContext => ({ seLinuxOptions: { level } });

interface Used {
  readonly claim: string;
  readonly node?: string;
  readonly pod?: SecurityContext;
  readonly container?: SecurityContext;
  /** Whether another container than the one that says so mounts it. */
  readonly isBeside?: boolean;
}

function user({ claim, node = "n1", pod = {}, container = {}, isBeside = false }: Used): ClaimUser {
  const [first] = some.spec.containers;
  assert.ok(first);
  const mounting = { ...first, volumeMounts: [{ name: "data", mountPath: "/data" }] };
  const containers = isBeside
    ? [mounting, { ...first, volumeMounts: [], securityContext: container }]
    : [{ ...mounting, securityContext: container }];
  const spec: Pod["spec"] = {
    ...some.spec,
    securityContext: pod,
    containers,
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
  };
  return { claim, node, pod: { ...some, metadata: { ...some.metadata, name: "app" }, spec } };
}

const modes = new Map([
  ["one", ["ReadWriteOnce"]],
  ["other", ["ReadWriteOnce"]],
  ["alone", ["ReadWriteOncePod"]],
  ["many", ["ReadWriteMany"]],
  ["either", ["ReadWriteOnce", "ReadOnlyMany"]],
  ["missing", []],
]);

const table: Record<string, readonly [readonly Used[], readonly string[], string]> = {
  "nobody uses a claim of one node": [[], ["one"], "anywhere, together"],
  "nobody uses a claim of many": [[], ["many"], "anywhere"],
  "a claim that is missing": [[], ["missing"], "anywhere"],
  "a claim that many nodes can read": [[{ claim: "either" }], ["either"], "anywhere"],
  "somebody uses a claim of one node": [[{ claim: "one" }], ["one"], "on n1, together"],
  "somebody uses a claim of many": [[{ claim: "many" }], ["one", "many"], "anywhere, together"],
  "two claims on one node": [[{ claim: "one" }, { claim: "other" }], ["one", "other"], "on n1, together"],
  "two claims on two nodes": [
    [{ claim: "one" }, { claim: "other", node: "n2" }],
    ["one", "other"],
    "ClaimsApart: the claims one and other are in use on the nodes n1 and n2, and can be read on these alone",
  ],
  "a claim of one pod": [
    [{ claim: "alone" }],
    ["alone"],
    "SourceInUse: the claim alone may be used by one pod alone, and app uses it",
  ],
  "the level that a pod says": [[{ claim: "many", pod: labelled("s0:c1") }], ["many"], "anywhere, s0:c1"],
  "the level that its container says": [
    [{ claim: "one", pod: labelled("s0:c1"), container: labelled("s0:c2") }],
    ["one"],
    "on n1, together, s0:c2",
  ],
  "a container that does not mount it": [
    [{ claim: "one", container: labelled("s0:c2"), isBeside: true }],
    ["one"],
    "on n1, together",
  ],
  "two of one level": [
    [
      { claim: "many", pod: labelled("s0:c1") },
      { claim: "many", pod: labelled("s0:c1") },
    ],
    ["many"],
    "anywhere, s0:c1",
  ],
  "two of two levels": [
    [
      { claim: "many", pod: labelled("s0:c1") },
      { claim: "many", pod: labelled("s0:c2") },
    ],
    ["many"],
    "anywhere",
  ],
};

function short(place: ReturnType<typeof placeAmong>): string {
  if ("reason" in place) return `${place.reason}: ${place.message}`;
  const { node, sharesNode, seLinuxLevel }: Place = place;
  const words = [node ? `on ${node}` : "anywhere", sharesNode ? "together" : "", seLinuxLevel ?? ""];
  return words.filter((word) => word !== "").join(", ");
}

describe("where a worker goes because of who uses its claims", () => {
  for (const [name, [users, wanted, expected]] of Object.entries(table))
    test(name, () => {
      const known = new Map(wanted.map((claim) => [claim, modes.get(claim) ?? []]));
      assert.equal(short(placeAmong(users.map(user), known)), expected);
    });
});
