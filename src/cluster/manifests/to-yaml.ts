/** Manifests as YAML, the same bytes for the same manifests. */
import { stringify } from "yaml";
import type { Manifest } from "./manifest.ts";

/** One document for each, as `kubectl apply -f -` reads them. */
export const toYaml = (manifests: readonly Manifest[]): string =>
  manifests
    .map((manifest) => stringify(manifest, { lineWidth: 110, aliasDuplicateObjects: false }))
    .join("---\n");
