/** How objects may be printed. */
export const outputFormats = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** What was made, or would be. */
export const madeFormats = ["json", "yaml", "name"] as const;

/** client: nothing is sent. server: it is checked and admitted there, and nothing is kept. */
export const dryRuns = ["client", "server"] as const;
