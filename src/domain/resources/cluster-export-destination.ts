/**
 * ClusterExportDestination: a bucket of the cluster's operators that exports of the namespaces it lists may be put into. It is
 * not one of `kinds`: what keeps and watches those has no use for it yet. Its status is that of an ExportDestination.
 */
import { z } from "zod";
import { BucketPlace } from "./bucket-place.ts";
import { NamespaceName } from "./names.ts";

export const ClusterExportDestinationSpec = z.strictObject({
  bucket: BucketPlace.describe(
    "Below this prefix every export lies under its namespace and name. The Secret of its credentials lies in the system's namespace.",
  ),
  allowedNamespaces: z
    .array(NamespaceName)
    .max(1024)
    .default([])
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Namespaces whose exports may name it; none at first."),
});
