/** The CustomResourceDefinition of a kind. */
import { apiGroup, apiVersion } from "../../domain/resources/resource.ts";
import type { CustomKind } from "./custom-kinds.ts";
import { immutableRules } from "./immutable-rules.ts";
import type { Manifest } from "./manifest.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

export function customResource(kind: CustomKind): Manifest {
  const { plural, singular, shortNames } = kind;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${apiGroup}`, labels: { "app.kubernetes.io/name": "longshore" } },
    spec: {
      group: apiGroup,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular,
        shortNames,
        categories: ["longshore"],
      },
      scope: kind.scope,
      versions: [
        {
          name: apiVersion.split("/")[1],
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: documentSchema(kind) },
        },
      ],
    },
  };
}

/** Longest name of a document, which becomes a folder's: shorter than Kubernetes would take. */
const longestName = 200;

/** Of a whole document. */
export function documentSchema(custom: CustomKind): StructuralSchema {
  const { kind, description, mutable, clusterRules = [] } = custom;
  const [spec, status] = [structuralSchema(custom.spec), structuralSchema(custom.status)];
  const rules = [
    ...(spec["x-kubernetes-validations"] ?? []),
    ...clusterRules,
    ...immutableRules(spec, mutable),
  ];
  return {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: { description: `What is wanted of the ${kind}.`, ...spec, "x-kubernetes-validations": rules },
      status: { description: `What was seen of the ${kind}; written by Longshore alone.`, ...status },
    },
    "x-kubernetes-validations": [
      {
        rule: `self.metadata.name.size() <= ${longestName}`,
        message: `metadata.name must be at most ${longestName} characters long`,
      },
    ],
  };
}
