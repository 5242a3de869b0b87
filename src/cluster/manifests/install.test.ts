import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { parseInstallOptions } from "./parse-install-options.ts";
import { installManifests } from "./install.ts";
import type { Manifest } from "./manifest.ts";
import type { PolicyRule } from "./policy-rule.ts";
import { toYaml } from "./to-yaml.ts";

const manifests = installManifests(parseInstallOptions({ namespace: "exports" }, "1.2.3"));

interface Binding extends Manifest {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

/** One line for each right of an account: "verb resource", with the group and where it holds only. */
function rightsOf(account: string): string[] {
  const bindings = manifests.filter(({ kind }) => /^(Cluster)?RoleBinding$/.test(kind)) as Binding[];
  const ours = bindings.filter(({ subjects }) => subjects.some(({ name }) => name === account));
  return ours.flatMap(({ kind, metadata, roleRef }) => {
    const role = manifests.find((one) => one.kind === roleRef.kind && one.metadata.name === roleRef.name);
    const where = kind === "RoleBinding" ? ` in ${metadata.namespace}` : "";
    return ((role?.["rules"] ?? []) as readonly PolicyRule[]).flatMap((rule) =>
      rule.resources.map((resource) => {
        const names = rule.resourceNames === undefined ? "" : ` ${rule.resourceNames.join()}`;
        return `${rule.apiGroups.join()}/${resource}${names}${where}: ${rule.verbs.toSorted().join(" ")}`;
      }),
    );
  });
}

suite("an installation", () => {
  test("gives its one account these rights and no others", () => {
    const accounts = manifests.filter(({ kind }) => kind === "ServiceAccount");
    assert.deepEqual(
      accounts.map(({ metadata }) => metadata.name),
      ["longshore-operator"],
    );
    assert.deepEqual(rightsOf("longshore-operator").toSorted(), [
      "/events: list watch",
      "/limitranges: list watch",
      "/namespaces: get list watch",
      "/nodes: list watch",
      "/persistentvolumeclaims: get list watch",
      "/pods: create list watch",
      "/resourcequotas: list watch",
      "authentication.k8s.io/tokenreviews: create",
      "batch/jobs: create delete get list patch watch",
      "coordination.k8s.io/leases in exports: create",
      "coordination.k8s.io/leases longshore-operator in exports: get update",
      "events.k8s.io/events: create patch",
      "longshore.dev/downloadgrants/status: update",
      "longshore.dev/downloadgrants: delete",
      "longshore.dev/downloadgrants: get list watch",
      "longshore.dev/exportdestinations/status: update",
      "longshore.dev/exportdestinations: get list watch",
      "longshore.dev/exports/finalizers: update",
      "longshore.dev/exports/status: patch",
      "longshore.dev/exports/status: update",
      "longshore.dev/exports: delete",
      "longshore.dev/exports: get list watch",
      "longshore.dev/exports: update",
    ]);
  });

  test("comes in an order that can be applied, its policies before what they bind", () => {
    const kinds = [...new Set(manifests.map(({ kind }) => kind))];
    assert.deepEqual(kinds, [
      "Namespace",
      "CustomResourceDefinition",
      "ValidatingAdmissionPolicy",
      "ValidatingAdmissionPolicyBinding",
      "ClusterRole",
      "ServiceAccount",
      "ClusterRoleBinding",
      "Role",
      "RoleBinding",
      "NetworkPolicy",
      "Service",
      "PodDisruptionBudget",
      "Deployment",
    ]);
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
  });

  test("lies in the namespace that was chosen, and nowhere else", () => {
    const text = toYaml(manifests);
    assert.ok(!text.includes("longshore-system"));
    assert.deepEqual(
      new Set(manifests.map(({ metadata }) => metadata.namespace)),
      new Set([undefined, "exports"]),
    );
    assert.deepEqual(
      parseAllDocuments(text).map((one) => one.toJS() as unknown),
      manifests.map((manifest) => JSON.parse(JSON.stringify(manifest)) as unknown),
    );
  });

  test("takes its settings", () => {
    const chosen = installManifests(
      parseInstallOptions(
        { image: "a/b:1", imagePullSecret: "key", priorityClassName: "high", replicas: "3" },
        "1.2.3",
      ),
    );
    const text = toYaml(chosen.filter(({ kind }) => kind === "Deployment"));
    for (const line of ["replicas: 3", "image: a/b:1", "priorityClassName: high", "- name: key"])
      assert.ok(text.includes(line), line);
    // The policy lets run what the operator is told to run.
    assert.ok(
      toYaml(chosen.filter(({ kind }) => kind === "ValidatingAdmissionPolicy")).includes(
        "c.image == 'a/b:1'",
      ),
    );
    const ports = installManifests(parseInstallOptions({ apiServerPorts: "7443" }, "1.2.3"));
    assert.match(toYaml(ports.filter(({ kind }) => kind === "NetworkPolicy")), /- port: 7443\n/);
    assert.doesNotMatch(toYaml(manifests), /imagePullSecrets:$\s+- name: ""|priorityClassName: ""/m);
  });
});
