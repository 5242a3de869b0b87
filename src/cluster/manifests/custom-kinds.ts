/** The kinds as a cluster has them: the domain's, and what tables and explanations show of each. */
import type { z } from "zod";
import { ClusterExportDestinationSpec } from "../../domain/resources/cluster-export-destination.ts";
import { ExportDestinationStatus } from "../../domain/resources/export-destination.ts";
import { kinds } from "../../domain/resources/resource.ts";
import type { CelRule } from "./structural-schema.ts";

export interface CustomKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Members of `spec` that may change after creation. */
  readonly mutable: readonly string[];
  /** What a schema that one machine shares can't refuse at once. */
  readonly clusterRules?: readonly CelRule[];
  readonly columns: readonly PrinterColumn[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date" | "integer" | "boolean";
  readonly jsonPath: string;
  readonly description?: string;
  /** Above 0 it is shown by `-o wide` alone. */
  readonly priority?: number;
}

const reasonOf = (condition: string): string => `.status.conditions[?(@.type=="${condition}")].reason`;
const messageOf = (condition: string): string => `.status.conditions[?(@.type=="${condition}")].message`;

const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const column = (name: string, jsonPath: string, rest: Partial<PrinterColumn> = {}): PrinterColumn => ({
  name,
  type: "string",
  jsonPath,
  ...rest,
});
const wide = { priority: 1 };

const noSnapshots: CelRule = {
  rule: "self.consistency in ['Auto', 'Live']",
  message: "spec.consistency can be Auto or Live: this version makes no snapshots and clones",
};

const placeColumns: readonly PrinterColumn[] = [
  column("Status", reasonOf("Ready"), { description: "The reason of the condition Ready." }),
  column("Claim", ".spec.volume.claimName"),
  column("Bucket", ".spec.bucket.url"),
  age,
  column("Message", messageOf("Ready"), wide),
];

export const customKinds: readonly CustomKind[] = [
  {
    ...kinds.Export,
    kind: "Export",
    scope: "Namespaced",
    clusterRules: [noSnapshots],
    description:
      "Takes the files of a volume or bucket out, in parts, proved, to a place from which they can be downloaded.",
    columns: [
      column("Status", reasonOf("Succeeded"), { description: "The reason of the condition Succeeded." }),
      column("Parts", ".status.display.parts"),
      column("Size", ".status.display.size"),
      // One of them is there; what tables show takes no choice.
      column("Destination", ".spec.destination['name','volume.claimName','bucket.url']"),
      // A date of the future is shown as <invalid>.
      column("Expires", ".status.expirationTime"),
      age,
      column("Message", messageOf("Succeeded"), wide),
      column("Location", ".status.location", wide),
    ],
  },
  {
    ...kinds.ExportDestination,
    kind: "ExportDestination",
    scope: "Namespaced",
    description: "A place that the exports of its namespace may name; who made it has opened it to them.",
    columns: placeColumns,
  },
  {
    kind: "ClusterExportDestination",
    plural: "clusterexportdestinations",
    singular: "clusterexportdestination",
    shortNames: ["clexpdest"],
    scope: "Cluster",
    description:
      "A bucket that exports of the namespaces it lists may name; its credentials stay in the system's.",
    spec: ClusterExportDestinationSpec,
    status: ExportDestinationStatus,
    mutable: ["allowedNamespaces"],
    columns: placeColumns.filter(({ name }) => name !== "Claim"),
  },
  {
    ...kinds.DownloadGrant,
    kind: "DownloadGrant",
    scope: "Namespaced",
    description:
      "A signed, expiring, revocable permission to download one export. The token itself is nowhere in it.",
    columns: [
      column("Status", reasonOf("Valid"), { description: "The reason of the condition Valid." }),
      column("Export", ".spec.exportRef.name"),
      column("Bytes", ".status.bytesServed", { type: "integer" }),
      column("Expires", ".status.expirationTime"),
      age,
      column("Description", ".spec.description", wide),
    ],
  },
];
