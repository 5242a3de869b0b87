import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { temporaryFolder, type TemporaryFolder } from "../../../test/fixtures/run.ts";
import { loadAccess } from "./cluster-access.ts";

const config = (server: string, more: object = {}): object => ({
  clusters: [{ name: "c", cluster: { server } }],
  users: [{ name: "u", user: { token: "a-token" } }],
  contexts: [{ name: "one", context: { cluster: "c", user: "u", namespace: "mine" } }],
  "current-context": "one",
  ...more,
});

function write(folder: TemporaryFolder, name: string, content: object | string): string {
  const path = folder.join(name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("access to a cluster", () => {
  test("is that of the current context, or of the one that is named", async () => {
    await using folder = temporaryFolder();
    const path = write(
      folder,
      "config",
      config("https://a:6443/k8s/", {
        contexts: [
          { name: "one", context: { cluster: "c", user: "u", namespace: "mine" } },
          { name: "two", context: { cluster: "c", user: "u" } },
        ],
      }),
    );
    const one = loadAccess({ kind: "kubeconfig", paths: [path] });
    assert.deepEqual([one.server, one.namespace], ["https://a:6443/k8s", "mine"]);
    assert.deepEqual((await one.authorize()).headers, { Authorization: "Bearer a-token" });
    const two = loadAccess({ kind: "kubeconfig", paths: [path], context: "two" });
    assert.equal(two.namespace, undefined);
  });

  test("of several files is what the first says of each thing", async () => {
    await using folder = temporaryFolder();
    const first = write(folder, "first", { clusters: [{ name: "c", cluster: { server: "https://first" } }] });
    const second = write(folder, "second", config("https://second"));
    const third = write(folder, "third", config("https://third", { "current-context": "none" }));
    const { server, namespace } = loadAccess({ kind: "kubeconfig", paths: [first, second, third] });
    assert.deepEqual([server, namespace], ["https://first", "mine"]);
  });

  test("of a pod is its service account, whose token is read when it is needed", async () => {
    await using folder = temporaryFolder();
    for (const [name, content] of Object.entries({ "ca.crt": "CA", token: "t1", namespace: "system" }))
      write(folder, name, content);
    const pod = loadAccess({ kind: "pod", host: "fd00::1", port: "443", folder: folder.path });
    assert.deepEqual([pod.server, pod.namespace], ["https://[fd00::1]:443", "system"]);
    const { headers, ca } = await pod.authorize();
    assert.deepEqual([headers, String(ca)], [{ Authorization: "Bearer t1" }, "CA"]);
    await using empty = temporaryFolder();
    const none = loadAccess({ kind: "pod", host: "10.0.0.1", port: "443", folder: empty.path });
    await assert.rejects(none.authorize(), { code: "Unauthenticated" });
  });

  const wrong: Record<string, { content: object | string; message: RegExp; context?: string }> = {
    "a context that is not there": {
      content: config("https://a"),
      context: "two",
      message: /no context two in .*, only one$/,
    },
    "a context of no cluster": {
      content: config("https://a", { clusters: [] }),
      message: /names no cluster$/,
    },
    "no context": { content: config("https://a", { "current-context": "" }), message: /names no cluster$/ },
    "plain http": { content: config("http://a:8080"), message: /http:\/\/a:8080 is no https/ },
    "what is no YAML": { content: 'users: [{name: u, user: {token: "a-token', message: /is no kubeconfig$/ },
    "something else": { content: "a-token", message: /is no kubeconfig$/ },
    nothing: { content: "", message: /is no kubeconfig$/ },
  };
  for (const [name, { content, message, context }] of Object.entries(wrong))
    test(`with ${name} is refused by one sentence without its secrets`, async () => {
      await using folder = temporaryFolder();
      const path = write(folder, "config", content);
      assert.throws(
        () => loadAccess({ kind: "kubeconfig", paths: [path], context }),
        (error: { code?: string; message: string }) => {
          assert.equal(error.code, "InvalidArgument");
          assert.match(error.message, message);
          assert.doesNotMatch(inspect(error, { depth: 9 }), /a-token/);
          return true;
        },
      );
    });

  test("by a file that is not there names it", () => {
    assert.throws(() => loadAccess({ kind: "kubeconfig", paths: ["/nowhere/config"] }), {
      code: "InvalidArgument",
      message: "the kubeconfig /nowhere/config can't be read",
    });
  });
});
