/** Reports that nobody asked for: what they are answered, and that they change nothing but a worker's own progress. */
import assert from "node:assert/strict";
import { randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pods, type Pod } from "../../src/cluster/jobs/objects.ts";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { hasCode } from "../../src/domain/errors.ts";
import { conditionOf } from "../../src/domain/resources/condition.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { expectExit, longshoreProgram, run } from "../fixtures/run.ts";
import { testbed, type TestNamespace } from "./cluster.ts";
import { type ExportNamespace, fill, noExports, openExportNamespace } from "./export-namespace.ts";
import { statusOf } from "./exports.ts";
import { kubectl } from "./kubectl.ts";
import { slowExport } from "./slow-export.ts";
import { installSystem, systemOptions } from "./system.ts";

const { signal } = new AbortController();
const keyFile = join(testbed, "var/pki/sa.key");
/** A number that no honest report has. */
const forged = 777_777_777;
const report = (files: number): object => ({
  progress: {
    plannedBytes: files,
    plannedFiles: files,
    plannedParts: files,
    planned: true,
    bytes: files,
    files,
  },
  parts: { succeeded: files, reused: files },
});
const audience = "longshore-report";
const forgedResult = {
  manifestDigest: "ab".repeat(32),
  files: forged,
  differences: 0,
  parts: { total: forged, reused: 0 },
  bytes: { source: forged, written: forged, redone: 0 },
};
const container = { image: "none", imageID: "none", ready: false, restartCount: 0 };

describe("forged reports", { skip: noExports, timeout: 900_000 }, () => {
  let space: ExportNamespace;
  let other: TestNamespace;
  let out: string;
  let victim: Export;
  let worker: Pod;
  let url: string;
  const seen: Export[] = [];
  let watching: Promise<unknown>;

  before(async () => {
    space = await openExportNamespace({ prefix: "a-forged", reports: true });
    other = await space.cluster.namespace("a-forged");
    fill(join(await space.volumes.add("source"), "data"), 300, 200_000);
    out = await space.volumes.add("out");
    const resources = { requests: { cpu: "50m" }, limits: { cpu: "200m", memory: "1Gi" } };
    victim = await space.create("victim", slowExport({ resources }));
    watching = space.becomes("victim", (now) => {
      if (now !== undefined) seen.push(now);
      return now !== undefined && statusOf(now) !== "Unknown";
    });
    // What becomes of it the last test says.
    watching.catch(() => undefined);
    const running = await space.podsBecome(victim.metadata.uid, (found) =>
      found.some(({ status }) => status?.phase === "Running"),
    );
    worker = running[0] ?? assert.fail();
    url = worker.spec.containers[0]?.env.find(({ name }) => name === "LONGSHORE_REPORT_URL")?.value ?? "";
    assert.match(url, /^http:\/\/[\d.]+:\d+\/report$/);
  });
  after(async () => {
    await other?.[Symbol.asyncDispose]();
    await space?.[Symbol.asyncDispose]();
  });

  async function send(token: string, body: string, path = url): Promise<number> {
    const answer = await fetch(path, { method: "POST", headers: { Authorization: `Bearer ${token}` }, body });
    await answer.text();
    return answer.status;
  }
  const forgedBy = (token: string): Promise<number> => send(token, JSON.stringify(report(forged)));

  /** As whoever may make tokens of a service account gets one; bound to the pod, as those of its volumes are. */
  async function tokenOf({ namespace = "" }: KubeObject["metadata"], given: Given): Promise<string> {
    const { account = "default", pod, audience: of = audience } = given;
    const bound = pod && [
      "--bound-object-kind=Pod",
      `--bound-object-name=${pod.metadata.name}`,
      `--bound-object-uid=${pod.metadata.uid}`,
    ];
    const args = ["create", "token", account, "-n", namespace, `--audience=${of}`, ...(bound ?? [])];
    return expectExit(await kubectl(space.cluster, args), 0)
      .stdout.toString()
      .trim();
  }
  interface Given {
    readonly account?: string;
    readonly pod?: KubeObject;
    readonly audience?: string;
  }

  /**
   * A pod with our labels and annotations of the worker, which never begins. Kubernetes' own labels make it one of the Job's:
   * its controller adopts what has them. Then it counts as a worker, which may tell any progress of that export.
   */
  async function imitation(namespace: string, over: object, account = "default"): Promise<KubeObject> {
    const { labels: all = {}, annotations = {} } = worker.metadata;
    const labels = Object.fromEntries(Object.entries(all).filter(([name]) => !/batch|^job-/.test(name)));
    const container = { name: "worker", image: space.image, ...restricted };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `imitation-${randomUUID().slice(0, 8)}`, namespace, labels, annotations, ...over },
      spec: { containers: [container], nodeSelector: { none: "none" }, serviceAccountName: account },
    };
    return space.cluster.api.create<KubeObject>(pods, pod, {}, signal);
  }

  const claims: Record<string, () => Promise<string>> = {
    "no token": async () => "",
    "a token that is none": async () => "longshore",
    "the worker's token with another signature": async () => {
      const [head, payload, signature = ""] = (await tokenOf(worker.metadata, { pod: worker })).split(".");
      return [head, payload, Buffer.from(signature, "base64url").reverse().toString("base64url")].join(".");
    },
    "the worker's token for another audience": () =>
      tokenOf(worker.metadata, { pod: worker, audience: "longshore-sign" }),
    "the worker's token for the API server": () =>
      tokenOf(worker.metadata, { pod: worker, audience: "https://kubernetes.default.svc.cluster.local" }),
    "a token of its account, of no pod": () => tokenOf(worker.metadata, {}),
    "the worker's token, which has expired": async () => {
      const token = await tokenOf(worker.metadata, { pod: worker });
      // What makes the other refused is its time alone.
      assert.equal(await send(signed(token, {}), JSON.stringify(report(0))), 204);
      // API servers allow for a minute of difference between clocks.
      const past = Math.floor(Date.now() / 1000) - 120;
      return signed(token, { exp: past, iat: past - 600, nbf: past - 600 });
    },
    "a tenant's own pod with the worker's labels": async () =>
      tokenOf(worker.metadata, { pod: await imitation(space.name, {}) }),
    "the same with an account of its own": async () => {
      expectExit(await kubectl(space.cluster, ["create", "serviceaccount", "mine", "-n", space.name]), 0);
      const pod = await imitation(space.name, {}, "mine");
      return tokenOf(worker.metadata, { account: "mine", pod });
    },
    "a pod of another namespace": async () => {
      const pod = await imitation(other.name, {});
      return tokenOf(pod.metadata, { pod });
    },
    "one there that says the worker's Job owns it": async () => {
      const pod = await imitation(other.name, { ownerReferences: worker.metadata.ownerReferences });
      // The cluster removes what has an owner that is not there, often before a token can be made.
      return tokenOf(pod.metadata, { pod }).catch(() => "");
    },
    "a pod that is the Job's and not controlled by it": async () => {
      const [owner] = worker.metadata.ownerReferences ?? [];
      const ownerReferences = [{ ...owner, controller: false }];
      return tokenOf(worker.metadata, { pod: await imitation(space.name, { ownerReferences }) });
    },
  };
  for (const [name, claim] of Object.entries(claims))
    test(`${name}: refused`, async () => assert.equal(await forgedBy(await claim()), 401));

  const good = JSON.stringify(report(forged));
  const bodies: Record<string, readonly [string, number]> = {
    "that claims another export": [JSON.stringify({ ...report(forged), exportUid: randomUUID() }), 400],
    "that claims a result": [JSON.stringify({ ...report(forged), result: {}, conditions: [] }), 400],
    "that is cut": [good.slice(0, -1), 400],
    "that is a list": [`[${good}]`, 400],
    "with a negative number": [JSON.stringify(report(-1)), 400],
    "that is too long": [good + " ".repeat(1024), 413],
    "that is much too long": [good + " ".repeat(60_000), 413],
  };
  for (const [name, [body, status]] of Object.entries(bodies))
    test(`a worker's report ${name}: refused`, async () => {
      assert.equal(await send(await tokenOf(worker.metadata, { pod: worker }), body), status);
    });

  test("the report of another export's worker changes nothing of this one", async () => {
    const { metadata } = await space.create("bystander", slowExport());
    const found = await space.podsBecome(metadata.uid, (some) =>
      some.some(({ status }) => status?.phase === "Running"),
    );
    const pod = found[0] ?? assert.fail();
    assert.equal(await forgedBy(await tokenOf(pod.metadata, { pod })), 204);
    await space.becomes("bystander", (now) => now?.status?.progress?.files === forged);
    await space.remove("bystander");
  });

  test("a worker's own report changes its export's progress, and nothing else", async () => {
    const known = JSON.stringify(seen.at(-1)?.status?.progress);
    await space.becomes("victim", (now) => JSON.stringify(now?.status?.progress) !== known);
    assert.equal(
      seen.some((one) => JSON.stringify(one).includes(`${forged}`)),
      false,
      "nothing of what was refused was ever seen",
    );
    assert.equal(await forgedBy(await tokenOf(worker.metadata, { pod: worker })), 204);
    const lied = await space.becomes("victim", (now) => now?.status?.progress?.files === forged);
    assert.equal(lied?.status?.display?.parts, `${forged}/${forged}`);
    assert.equal(statusOf(lied), "Unknown");
    assert.equal(lied?.status?.manifestDigest, undefined);
  });

  const lastWords = {
    "of a pod that failed": { phase: "Failed", exitCode: 1 },
    "of a pod that Kubernetes does not count": { phase: "Succeeded", exitCode: 0 },
  };
  for (const [what, { phase, exitCode }] of Object.entries(lastWords))
    test(`a result in the last words ${what} makes no export succeed`, async () => {
      const { labels = {}, ownerReferences } = worker.metadata;
      const pod = await imitation(space.name, { labels, ownerReferences });
      const message = JSON.stringify({ stage: "all", result: forgedResult });
      const terminated = { exitCode, reason: "Completed", message };
      const ended = [{ name: "worker", ...container, state: { terminated } }];
      const status = { phase, containerStatuses: ended };
      // Its Job's controller removes what is more than the Job wants; it need not be that fast.
      await space.cluster.api
        .patch(pods, pod.metadata, { status }, { subresource: "status" }, signal)
        .catch((error: unknown) => assert.ok(hasCode(error, "ResourceNotFound"), String(error)));
      const known = seen.length;
      await space.becomes("victim", () => seen.length > known);
      assert.equal(statusOf(seen.at(-1) ?? assert.fail()), "Unknown");
    });

  test("the end says nothing of it, and who has ended is not heard any more", async () => {
    await watching;
    const { status } = await space.succeeded("victim");
    assert.doesNotMatch(JSON.stringify(status), new RegExp(`${forged}`));
    const succeeded = conditionOf(status?.conditions, "Succeeded");
    assert.equal(succeeded?.message, `all ${status?.parts?.total} parts are proved`);
    const folder = join(out, space.name, "victim");
    expectExit(await run(longshoreProgram, ["verify", folder]), 0);
    // The first worker may have had to go, since its Job had more pods than it wants.
    const { items } = await space.cluster.api.list<Pod>(pods, { namespace: space.name }, signal);
    const last =
      items.find((pod) => pod.status?.phase === "Succeeded") ?? assert.fail("no pod has ended well");
    const late = await forgedBy(await tokenOf(last.metadata, { pod: last }));
    assert.ok(late === 401 || late === 403, `${late}`);
  });

  test("the operator's account can make no token of anybody", async () => {
    await installSystem(space.cluster);
    const as = `--as=system:serviceaccount:${systemOptions.namespace}:longshore-operator`;
    const request = JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [audience] },
    });
    for (const [namespace, account] of [
      [space.name, "default"],
      [systemOptions.namespace, "longshore-operator"],
    ] as const) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
      const { stderr } = expectExit(
        await kubectl(space.cluster, ["create", "--raw", path, "-f", "-", as], request),
        1,
      );
      assert.match(stderr, /cannot create resource "serviceaccounts\/token"/);
    }
    const review = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: "x", audiences: [audience] },
    };
    const asked = ["create", "--raw", "/apis/authentication.k8s.io/v1/tokenreviews", "-f", "-", as];
    const { stdout } = expectExit(await kubectl(space.cluster, asked, JSON.stringify(review)), 0);
    assert.match(stdout.toString(), /invalid bearer token/, "but it may ask whose one is");
  });
});

const restricted = {
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  },
};

/** The token with other claims, by the key of the cluster itself (RFC 7515, RS256). */
function signed(token: string, over: object): string {
  const [head = "", payload = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const text = `${head}.${Buffer.from(JSON.stringify({ ...claims, ...over })).toString("base64url")}`;
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), readFileSync(keyFile)).toString("base64url")}`;
}
