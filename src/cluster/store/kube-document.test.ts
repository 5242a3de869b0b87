import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newExport } from "../../../test/fixtures/resources.ts";
import { specFault } from "../../domain/resources/spec-fault.ts";
import { type KubeDocument, newDocument, readDocument, resourceOf } from "./kube-document.ts";
import { readable } from "./readable.ts";

const { apiVersion, kind, spec } = newExport({ namespace: "team", name: "a" });
const metadata = {
  namespace: "team",
  name: "a",
  uid: "u",
  resourceVersion: "7",
  generation: 1,
  creationTimestamp: "2026-03-01T00:00:00Z",
};
const document: KubeDocument = { apiVersion, kind, metadata, spec, status: { failures: 1 } };

describe("a document of the API server", () => {
  test("is read as a resource, which is the reader's own", () => {
    const mine = readDocument("Export", document);
    mine.spec.include.push("changed");
    (mine.metadata.labels ??= {})["changed"] = "yes";
    assert.deepEqual(readDocument("Export", document), document);
  });

  test("keeps of its metadata what ours has, however long it is", () => {
    const annotations = { long: "x".repeat(100_000) };
    const more = { ownerReferences: [], deletionGracePeriodSeconds: 0, managedFields: [], selfLink: "x" };
    const read = readDocument("Export", { ...document, metadata: { ...metadata, ...more, annotations } });
    assert.deepEqual(read.metadata, { ...metadata, annotations });
  });

  test("of a later version is read without what is not known here", () => {
    const later = {
      ...document,
      spec: { ...spec, novelty: 1, workers: { ...spec.workers, shape: "round" } },
      status: { failures: 1, novelty: {} },
    };
    assert.deepEqual(readDocument("Export", later), document);
  });

  test("of an earlier version gets what has become a default", () => {
    const { include: _include, ...earlier } = spec;
    assert.deepEqual(readDocument("Export", { ...document, spec: earlier }).spec, { ...spec, include: [] });
  });

  test("is read with values that only we know to be wrong, and these are told of", () => {
    const wrong: [object, string][] = [
      [{ source: { bucket: { url: "s3://lake?region=eu%20west" } } }, "source.bucket.url: region of the"],
      [{ workers: { ...spec.workers, nodeSelector: { ["k".repeat(318)]: "x" } } }, "workers.nodeSelector: "],
    ];
    for (const [given, said] of wrong) {
      const read = readDocument("Export", { ...document, spec: { ...spec, ...given } });
      assert.deepEqual(read.spec, { ...spec, ...given });
      const fault = specFault("Export", read);
      assert.equal(fault?.code, "InvalidDocument");
      assert.ok(fault.message.startsWith(`Export a: spec.${said}`), fault.message);
    }
    assert.equal(specFault("Export", readDocument("Export", document)), undefined);
  });

  test("that can't be read is named with its member, and left out of many", () => {
    const damages: [object, RegExp][] = [
      [{ spec: { ...spec, format: "Rar" } }, /spec\.format/],
      [{ spec: undefined }, /spec\.source/],
      [{ spec: { ...spec, novelty: 1, partSize: [] } }, /spec\.partSize/],
      [{ status: { failures: "many" } }, /status\.failures/],
    ];
    for (const [damage, member] of damages) {
      const damaged = { ...document, ...damage };
      assert.throws(
        () => readDocument("Export", damaged),
        (error: { code?: string; message: string }) => {
          assert.equal(error.code, "Damaged");
          assert.match(error.message, /^the Export team\/a can't be read: /);
          assert.match(error.message, member);
          return true;
        },
      );
      const told: string[] = [];
      assert.deepEqual(
        readable("Export", damaged, (_, about) => told.push(about)),
        [],
      );
      assert.deepEqual(told, ["Export team/a"]);
    }
  });

  test("is made of what a person may say, and nothing else", () => {
    const foreign = { uid: "u", resourceVersion: "1", generation: 9, labels: { a: "1" } };
    const wanted = {
      ...newExport({ namespace: "team", name: "a" }, foreign as object),
      status: { failures: 1 },
    };
    assert.deepEqual(newDocument("Export", wanted), {
      apiVersion,
      kind,
      metadata: { namespace: "team", name: "a", labels: { a: "1" } },
      spec,
    });
    assert.deepEqual(resourceOf("DownloadGrant"), {
      group: "longshore.dev",
      version: "v1alpha1",
      plural: "downloadgrants",
      kind: "DownloadGrant",
      namespaced: true,
    });
  });
});
