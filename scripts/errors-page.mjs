// The page of all errors in docs/reference, from the catalogue.
import { catalogue } from "../src/domain/errors.ts";
import { markdownTable } from "./markdown-table.mjs";

const rows = Object.entries(catalogue)
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([code, { severity, retryable, status, hint }]) => [
    `\`${code}\``,
    hint,
    retryable ? "yes" : "no",
    severity === "usage" ? "2" : "1",
    String(status),
  ]);

export const errorsPage = `# Errors

Everything that can go wrong has one of these codes: in \`status.conditions\` of an Export as \`reason\`, in an answer of the API as
\`code\`, in the log. The sentence beside it says what happened and where; what to do next stands here as it is said unless
the case gives better advice. "Tried again" are those that may go well later without anybody changing anything: the server, the
operator and clients try them again by themselves.
This page is made from the code by \`npm run generate\`.

${markdownTable(["Code", "What to do next", "Tried again", "Exit code", "HTTP status"], rows)}`;
