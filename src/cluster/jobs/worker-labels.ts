/** How Jobs and pods of ours are told apart. Names can be longer than a label's value may be: they stand in annotations. */
const domain = "longshore.dev";

export const labels = {
  exportUid: `${domain}/export-uid`,
  stage: `${domain}/stage`,
  attempt: `${domain}/attempt`,
  /** "0", or "1" of a Job that was run once more because the first left no word. */
  run: `${domain}/run`,
  /** On Jobs whose result stands in the Export: they only wait for their end. */
  forgotten: `${domain}/forgotten`,
} as const;

export const annotations = {
  export: `${domain}/export`,
  location: `${domain}/location`,
  /** On Jobs: a digest of the spec that it was made with, as an API server adds much to that. */
  spec: `${domain}/spec-digest`,
} as const;

export const commonLabels: Readonly<Record<string, string>> = {
  "app.kubernetes.io/name": "longshore",
  "app.kubernetes.io/component": "worker",
  "app.kubernetes.io/managed-by": "longshore",
};
