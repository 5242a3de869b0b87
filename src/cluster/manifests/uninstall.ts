/** A shell script that removes an installation, in the order in which nothing is left that only the operator could end. */
import { commonLabels } from "../jobs/worker-labels.ts";
import { apiGroup } from "../../domain/resources/resource.ts";
import { customKinds } from "./custom-kinds.ts";
import { installManifests } from "./install.ts";
import type { InstallOptions } from "./install-options.ts";
import { operatorName } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Of each document that has a finalizer of ours: its namespace, its name, and the merge patch that leaves the finalizers of
 * others. Made by kubectl's own templates, so that the script needs no other program.
 */
export const finalizerPatches =
  "{{range .items}}{{$ours := false}}" +
  `{{range .metadata.finalizers}}{{if ${isOurs("eq")}}}{{$ours = true}}{{end}}{{end}}` +
  '{{if $ours}}{{.metadata.namespace}} {{.metadata.name}} {"metadata":{"finalizers":[{{$comma := ""}}' +
  `{{range .metadata.finalizers}}{{if ${isOurs("ne")}}}{{$comma}}"{{.}}"{{$comma = ","}}{{end}}{{end}}` +
  ']}}{{"\\n"}}{{end}}{{end}}';

function isOurs(comparison: "eq" | "ne"): string {
  const prefix = `${apiGroup}/`;
  return `${comparison} (printf "%.${prefix.length}s" .) "${prefix}"`;
}

export function uninstallScript(options: InstallOptions): string {
  const { namespace } = options;
  const plurals = customKinds.map(({ plural }) => `${plural}.${apiGroup}`);
  const finalized = customKinds
    .filter(({ scope }) => scope === "Namespaced")
    .map(({ plural }) => `${plural}.${apiGroup}`);
  const workers = Object.entries(commonLabels).map(([name, value]) => `${name}=${value}`);
  return `#!/bin/sh
# Removes Longshore from the cluster that kubectl speaks to. Run it with: longshore uninstall | sh
#
# What exports have prepared stays where it lies. To have it removed as well, run this before, and wait for its end:
#   kubectl delete exports.${apiGroup} --all --all-namespaces
set -eu

# First the operator, so that nobody works, and nobody adds a finalizer, while the rest goes.
kubectl delete deployment ${operatorName} --namespace ${namespace} --ignore-not-found --cascade=foreground
kubectl delete jobs --all-namespaces --selector ${workers.join(",")} --cascade=foreground

# Then our finalizers: without the operator nobody would take them away, and what has one can never be deleted.
for resource in ${finalized.join(" ")}; do
  if [ -n "$(kubectl get crd "$resource" --ignore-not-found --output name)" ]; then
    patches=$(kubectl get "$resource" --all-namespaces --output go-template='${finalizerPatches}')
    printf '%s\\n' "$patches" | while read -r namespace name patch; do
      [ -z "$name" ] || kubectl patch "$resource" "$name" --namespace "$namespace" --type merge --patch "$patch" ||
        [ -z "$(kubectl get "$resource" "$name" --namespace "$namespace" --ignore-not-found --output name)" ]
    done
  fi
done

# Then the kinds with all their documents, and the rest.
kubectl delete crd --ignore-not-found ${plurals.join(" ")}
${[...clusterWide(options)].map(([kind, names]) => `kubectl delete ${kind} --ignore-not-found ${names.join(" ")}`).join("\n")}
kubectl delete namespace ${namespace} --ignore-not-found
`;
}

/** Names by kind of what lies in no namespace, but for the kinds themselves and the system's namespace; last made, first gone. */
function clusterWide(options: InstallOptions): Map<string, string[]> {
  const isLeft = ({ kind, metadata }: Manifest): boolean =>
    metadata.namespace === undefined && kind !== "CustomResourceDefinition" && kind !== "Namespace";
  const byKind = Map.groupBy(installManifests(options).filter(isLeft).toReversed(), ({ kind }) => kind);
  return new Map(
    [...byKind].map(([kind, manifests]) => [
      kind.toLowerCase(),
      manifests.map(({ metadata }) => metadata.name),
    ]),
  );
}
