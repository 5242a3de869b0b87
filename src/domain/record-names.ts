/** The names of an export's records, relative to its folder; those of its parts are in part.ts. */
export const manifestName = "manifest.json";
export const sumsName = "SHA256SUMS";
export const statementName = "statement.json";
export const signatureName = "statement.json.sig";
export const indexName = "index.jsonl.zst";
export const pageTableName = "index.pages.json";
export const differencesName = "differences.jsonl";
export const planName = "plan.json";
/** The request stands here until the plan has it. */
export const requestName = "tmp/request.json";
