/** The project's kinds on a real API server: what it refuses, with which sentence, what it fills in, and what people see. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { customKinds } from "../../src/cluster/manifests/custom-kinds.ts";
import { customResource } from "../../src/cluster/manifests/custom-resource.ts";
import { immutableRules } from "../../src/cluster/manifests/immutable-rules.ts";
import { type StructuralSchema, structuralSchema } from "../../src/cluster/manifests/structural-schema.ts";
import { LongshoreError } from "../../src/domain/errors.ts";
import { ExportSpec } from "../../src/domain/resources/export.ts";
import { apiGroup, apiVersion } from "../../src/domain/resources/resource.ts";
import { mergePatched } from "../../src/gateway/operations/merge-patch.ts";
import { expectExit } from "../fixtures/run.ts";
import { openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { installDefinitions } from "./crds.ts";
import { kubectl, noKubectl } from "./kubectl.ts";
import { allowedChanges, otherValues, plainSpecs, rightUrls, ruleCases } from "./rule-cases.ts";

const { signal } = new AbortController();

interface Document extends KubeObject {
  readonly spec: unknown;
  readonly status?: unknown;
}

/** Everything of a kind's definition that is a rule, with where it stands. */
function rulesIn(schema: StructuralSchema, path = ""): { path: string; rule: string; message: string }[] {
  const own = (schema["x-kubernetes-validations"] ?? []).map((rule) => ({ path, ...rule }));
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    rulesIn(member, `${path}.${name}`),
  );
  const others = [schema.items, schema.additionalProperties].flatMap((inner) =>
    inner === undefined ? [] : rulesIn(inner, `${path}[]`),
  );
  return [...own, ...members, ...others];
}

const resourceOf = (kind: string): KubeResource => {
  const custom = customKinds.find((known) => known.kind === kind);
  assert.ok(custom, kind);
  const { plural, scope } = custom;
  return { group: apiGroup, version: "v1alpha1", plural, kind, namespaced: scope === "Namespaced" };
};

describe("the kinds on an API server", { skip: noKubectl }, () => {
  let cluster: TestCluster;
  let namespace: TestNamespace;
  before(async () => {
    cluster = await openTestCluster();
    await installDefinitions(cluster.api, signal);
    namespace = await cluster.namespace("b-crds");
  });
  after(async () => {
    await namespace[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  let made = 0;
  function documentOf(kind: string, spec: unknown, name = `x${made++}`): Document {
    const { namespaced } = resourceOf(kind);
    // Of what lies in no namespace nothing is ever kept.
    const metadata = namespaced ? { name, namespace: namespace.name } : { name: `${namespace.name}-${name}` };
    return { apiVersion, kind, metadata, spec };
  }
  const withMembers = (kind: string, spec: object): unknown => mergePatched(plainSpecs[kind], spec);
  const create = (document: Document, dryRun = true): Promise<Document> =>
    cluster.api.create(resourceOf(document.kind), document, { dryRun }, signal);
  const change = (document: Document, spec: object, dryRun = true): Promise<Document> =>
    cluster.api.patch(resourceOf(document.kind), document.metadata, { spec }, { dryRun }, signal);

  /** With the sentence, and not with a complaint about the rule itself. */
  async function refused(work: Promise<unknown>, message: string | RegExp): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof LongshoreError);
      assert.equal(error.code, "InvalidDocument", error.message);
      assert.doesNotMatch(error.message, /no such overload|evaluation error|no such key/);
      if (typeof message === "string") assert.ok(error.message.includes(message), error.message);
      else assert.match(error.message, message);
      return true;
    });
  }

  for (const custom of customKinds) {
    const { kind } = custom;
    const schema = customResource(custom)["spec"] as {
      readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: StructuralSchema } }[];
    };
    const rules = schema.versions.flatMap((version) => rulesIn(version.schema.openAPIV3Schema));
    const specSchema = structuralSchema(custom.spec);
    const immutable = Object.keys(specSchema.properties ?? {}).filter(
      (name) => !custom.mutable.includes(name),
    );
    const clusterMessages = (custom.clusterRules ?? []).map(({ message }) => message);
    const immutableMessages = immutableRules(specSchema, custom.mutable).map(({ message }) => message);

    describe(kind, () => {
      test("a plain document is taken, with its defaults", async () => {
        const taken = await create(documentOf(kind, plainSpecs[kind]));
        const filled = custom.spec.parse(plainSpecs[kind]);
        assert.deepEqual(taken.spec, filled);
      });

      for (const { path, message } of rules) {
        if (message.startsWith("metadata.name") || immutableMessages.includes(message)) continue;
        const cases = ruleCases
          .filter(([pattern]) => pattern.test(message))
          .flatMap(([, those]) => those)
          // A rule that stands in several places is broken in one of them, and there in every way.
          .filter((each) => each.kind === kind);
        test(`${path}: ${message}`, async () => {
          const shared = ruleCases.some(([pattern]) => pattern.test(message));
          assert.ok(shared, `no case breaks the rule ${JSON.stringify(message)}`);
          for (const { spec, change: then } of cases) {
            const document = documentOf(kind, withMembers(kind, spec));
            if (then === undefined) {
              await refused(create(document), message);
              assert.equal(
                custom.spec.safeParse(document.spec).success,
                clusterMessages.includes(message),
                "what the server of one machine says of it",
              );
            } else {
              await create(document, false);
              await refused(change(document, then), message);
            }
          }
        });
      }

      test("a name is no longer than a folder's may be", async () => {
        const long = { ...documentOf(kind, plainSpecs[kind]) };
        const named = { ...long, metadata: { ...long.metadata, name: "a".repeat(201) } };
        await refused(create(named), "metadata.name must be at most 200 characters long");
        await create({ ...named, metadata: { ...named.metadata, name: "a".repeat(200) } });
      });

      test("what may not change is kept", async (t) => {
        assert.deepEqual(Object.keys(otherValues[kind] ?? {}).toSorted(), immutable.toSorted());
        if (!resourceOf(kind).namespaced) return;
        const document = documentOf(kind, plainSpecs[kind]);
        await create(document, false);
        for (const [member, value] of Object.entries(otherValues[kind] ?? {}))
          await t.test(member, () =>
            refused(change(document, { [member]: value }), `spec.${member} can't be changed after creation`),
          );
        for (const spec of allowedChanges[kind] ?? [])
          await t.test(`but ${JSON.stringify(spec)} is taken`, async () => {
            await change(document, spec);
          });
      });
    });
  }

  test("members that nobody knows are refused, and a namespace of another object is one", async () => {
    for (const spec of [
      { source: { volume: { namespace: "kube-system" } } },
      { destination: { namespace: "kube-system" } },
      { workers: { serviceAccountName: "admin" } },
      { workers: { securityContext: { privileged: true } } },
      { workers: { affinity: { podAffinity: { namespaces: ["x"] } } } },
      { unheardOf: true },
    ]) {
      const document = documentOf("Export", withMembers("Export", spec));
      const { code, stderr } = await kubectl(cluster, ["create", "-f", "-"], JSON.stringify(document));
      assert.equal(code, 1);
      assert.match(stderr, /strict decoding error: unknown field/);
    }
  });

  for (const url of rightUrls)
    test(`${url} is taken`, async () => {
      const spec = withMembers("Export", { source: { volume: null, bucket: { url } } });
      ExportSpec.parse(spec);
      await create(documentOf("Export", spec));
    });

  test("an Export that says everything is taken, and comes back as it was", async () => {
    const spec = ExportSpec.parse(fullSpec);
    const taken = await create(documentOf("Export", spec));
    assert.deepEqual(taken.spec, spec);
  });

  test("tables show what matters", async () => {
    const document = documentOf("Export", plainSpecs["Export"], "reports");
    await create(document, false);
    // One that has ended: an operator that may run in this cluster has nothing to say of it.
    const condition = { type: "Succeeded", status: "True", reason: "Completed", message: "40 parts" };
    const status = {
      conditions: [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z" }],
      completionTime: "2026-01-01T00:00:00Z",
      display: { parts: "40/40", size: "1.2Gi" },
      expirationTime: "2126-01-08T00:00:00Z",
    };
    await cluster.api.patch(
      resourceOf("Export"),
      document.metadata,
      { status },
      { subresource: "status" },
      signal,
    );
    for (const [name, destination] of [
      ["to-bucket", { bucket: { credentialsSecretRef: { name: "key" }, url: "s3://handover/2026" } }],
      ["to-claim", { volume: { claimName: "archive" } }],
    ] as const)
      await create(
        documentOf("Export", { source: { volume: { claimName: "a" } }, destination }, name),
        false,
      );
    const shown = await kubectl(cluster, ["get", "exp", "-n", namespace.name, "--no-headers"]);
    const row = (name: string): string[] => {
      const lines = shown.stdout.toString().split("\n");
      return lines.find((line) => line.startsWith(`${name} `))?.split(/\s{2,}/) ?? [];
    };
    assert.match(
      row("reports").join(" | "),
      /^reports \| Completed \| 40\/40 \| 1\.2Gi \| outbox \| 2126-01-08T00:00:00Z \| \d+s$/,
    );
    assert.equal(row("to-bucket")[1], "s3://handover/2026");
    assert.equal(row("to-claim")[1], "archive");
    const header = await kubectl(cluster, ["get", "exp", "-n", namespace.name]);
    assert.match(header.stdout.toString(), /^NAME +STATUS +PARTS +SIZE +DESTINATION +EXPIRES +AGE\n/);
    const all = await kubectl(cluster, ["get", "longshore", "-n", namespace.name, "-o", "name"]);
    assert.match(expectExit(all, 0).stdout.toString(), /export\.longshore\.dev\/reports/);
  });

  test("kubectl wait sees the condition", async () => {
    const args = ["wait", "exp/reports", "-n", namespace.name, "--for=condition=Succeeded"];
    expectExit(await kubectl(cluster, [...args, "--timeout=10s"]), 0);
  });

  for (const { kind, plural } of customKinds)
    test(`kubectl explain says what every member of ${kind} is`, async () => {
      const { stdout } = expectExit(await kubectl(cluster, ["explain", plural, "--recursive"]), 0);
      assert.match(stdout.toString(), /\bspec\t<Object> -required-/);
      for (const part of ["spec", "status"]) {
        const said = expectExit(
          await kubectl(cluster, ["explain", `${plural}.${part}`]),
          0,
        ).stdout.toString();
        const members = [...said.matchAll(/^ {2}(\w+)\t<[^>]+>.*\n(?: {2}enum: .*\n)?(.*)$/gm)];
        assert.notEqual(members.length, 0);
        for (const [, member, description = ""] of members)
          assert.match(description, /^ {4}\w/, `${plural}.${part}.${member} has no description`);
      }
    });
});

const labelSelector = {
  matchLabels: { app: "x" },
  matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }],
};
const podTerm = { labelSelector, topologyKey: "kubernetes.io/hostname", matchLabelKeys: ["x"] };
const nodeTerm = { matchExpressions: [{ key: "disk", operator: "Exists" }] };

const fullSpec = {
  source: {
    bucket: {
      url: "s3://lake/a?endpoint=https://store.example&region=x",
      credentialsSecretRef: { name: "in" },
    },
  },
  include: ["**/*.csv", "gr\u00fc\u00dfe/"],
  exclude: [".snapshot/"],
  format: "Zip",
  compressionLevel: 9,
  destination: { volume: { claimName: "out.box", path: "/2026/q1" } },
  partSize: "1.5Gi",
  consistency: "Live",
  differences: "Fail",
  entryDigests: true,
  crossFileSystems: true,
  previous: { name: "monday" },
  backoffLimit: 0,
  ttlSecondsAfterFinished: 0,
  deletionPolicy: "Retain",
  suspend: true,
  cancel: false,
  workers: {
    mode: "Indexed",
    count: 4,
    resources: { requests: { cpu: "500m", memory: 1024 }, limits: { cpu: 2, "example.com/gpu": "1" } },
    nodeSelector: { disk: "fast" },
    tolerations: [{ key: "a", operator: "Equal", value: "b", effect: "NoExecute", tolerationSeconds: 30 }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeTerm] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: nodeTerm }],
      },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm] },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: podTerm }],
      },
    },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway", labelSelector },
    ],
    priorityClassName: "low",
    runtimeClassName: "gvisor",
    imagePullSecrets: [{ name: "registry" }],
    labels: { team: "a" },
    annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
    securityContext: {
      runAsUser: 1000,
      runAsGroup: 1000,
      supplementalGroups: [5, 6],
      seLinuxOptions: { level: "s0:c1,c2" },
    },
    readAs: "NonRoot",
  },
};
