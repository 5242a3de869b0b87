/** What the API server says, for a person who typed a command: its own sentence, and what to do next. */
import { LongshoreError } from "../../domain/errors.ts";
import { apiGroup } from "../../domain/resources/resource.ts";
import { apiStatusOf } from "../client/api-status.ts";
import type { KubeResource } from "../kube-api.ts";

/** The same error where there is nothing to add. `server` is the API server's address. */
export function explainedError(error: unknown, resource: KubeResource, server: string): unknown {
  if (!(error instanceof LongshoreError)) return error;
  if (error.code === "ResourceNotFound" && isKindMissing(error, resource))
    return new LongshoreError("NotInstalled", `Longshore is not installed in the cluster at ${server}`, {
      cause: error,
    });
  if (error.code === "Forbidden") {
    const hint = missingRight(error.message);
    if (hint !== undefined) return new LongshoreError("Forbidden", error.message, { cause: error, hint });
  }
  if (error.code === "ServerFailed" && apiStatusOf(error) !== undefined)
    return new LongshoreError("ServerFailed", error.message, {
      cause: error,
      hint: "run the same command again; if it stays, ask whoever runs the cluster to look into its API server's log",
    });
  return error;
}

/** Where the kind itself is unknown, the answer names no object. */
const isKindMissing = (error: LongshoreError, { group }: KubeResource): boolean =>
  group === apiGroup && apiStatusOf(error)?.subject === "";

/** Undefined where it is no missing right, but a quota, a policy or a webhook, whose own sentence says what to change. */
function missingRight(sentence: string): string | undefined {
  const verb = /\bcannot (\w+) resource\b/.exec(sentence)?.[1];
  if (verb === undefined) return undefined;
  if (/\bat the cluster scope\b/.test(sentence))
    return "name a namespace with -n, or ask whoever runs the cluster for that right in all of them";
  const role = readingVerbs.has(verb) ? "view" : "edit";
  return `ask whoever runs the cluster for that right: the role ${role} of the namespace has it`;
}

const readingVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);
