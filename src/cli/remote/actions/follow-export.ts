/** Follows an Export of a server to its end and says how far it is. */
import type { Key } from "../../../api/longshore-client.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import { formatBytes } from "../../../domain/quantity.ts";
import { succeededOf } from "../../../domain/resources/export-end.ts";
import type { Export } from "../../../domain/resources/resource.ts";
import type { CliContext } from "../../context.ts";
import { exitCodes, exitWith } from "../../outcome.ts";
import { type ProgressState, showProgress } from "../../progress.ts";
import type { Remote } from "../remote.ts";
import { endOf, partsOf, statusOf } from "../output/export-state.ts";
import { endText } from "../output/export-end.ts";
import { shown } from "../output/shown.ts";

/**
 * Resolves when it succeeded, with the exit code set where there were differences, and the summary printed. Throws
 * ExportFailed, ResourceNotFound where it is deleted meanwhile, and Interrupted: the export itself goes on.
 */
export async function followExport(context: CliContext, remote: Remote, key: Key): Promise<void> {
  let ended: Export;
  try {
    ended = await untilEnd(context, remote, key);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new LongshoreError("Interrupted", `the export ${key.namespace}/${key.name} goes on without you`, {
      cause: error,
      hint: `\`longshore watch export ${key.name}\` follows it again, \`longshore cancel export ${key.name}\` ends it`,
    });
  }
  if (endOf(ended) === "failed") throw failureOf(ended);
  await context.stdout.write(endText(ended, remote));
  if ((ended.status?.differences ?? 0) > 0) exitWith(exitCodes.differences);
}

async function untilEnd(context: CliContext, remote: Remote, key: Key): Promise<Export> {
  const { signal, stderr } = context;
  let current = await remote.exports.get(key, signal);
  if (endOf(current) !== undefined) return current;
  const before = current.status?.progress?.bytes ?? 0;
  await using progress = showProgress(
    stderr,
    shown(key.name),
    () => ({ ...progressOf(current), before }),
    () => context.exportHome.clock.now(),
  );
  const { uid, resourceVersion } = current.metadata;
  let told = "";
  for await (const { type, object } of remote.exports.events(
    { ...key, lastEventId: resourceVersion },
    signal,
  )) {
    if (type === "DELETED" || object.metadata.uid !== uid)
      throw new LongshoreError("ResourceNotFound", `the export ${key.namespace}/${key.name} was deleted`);
    current = object;
    if (endOf(current) !== undefined) break;
    const line = stderr.isTerminal ? statusOf(current) : progressText(current);
    if (line === told) continue;
    told = line;
    await progress.clear();
    await stderr.write(`${shown(key.name)}: ${shown(line)}\n`);
  }
  return current;
}

const nothingYet = { bytes: 0, files: 0, plannedBytes: 0, plannedParts: 0, planned: false };

function progressOf({ status = {} }: Export): ProgressState {
  const { progress = nothingYet, parts } = status;
  return {
    done: progress.bytes,
    total: progress.plannedBytes,
    open: !progress.planned,
    parts: { done: parts?.succeeded ?? 0, total: progress.plannedParts },
    files: progress.files,
  };
}

/** Changes about a hundred times in the course of an export, however large it is. */
function progressText(resource: Export): string {
  const { progress } = resource.status ?? {};
  const parts = partsOf(resource);
  const share =
    progress === undefined || !progress.planned || progress.plannedBytes === 0
      ? ""
      : `${Math.floor((progress.bytes / progress.plannedBytes) * 100)} % of ${formatBytes(progress.plannedBytes)}`;
  return [statusOf(resource), parts === "" ? "" : `${parts} parts`, share]
    .filter((text) => text !== "")
    .join(", ");
}

function failureOf(resource: Export): LongshoreError {
  const { namespace, name } = resource.metadata;
  const { reason = "Failed", message = "" } = succeededOf(resource) ?? {};
  const why = message === "" ? "" : `, ${shown(message)}`;
  return new LongshoreError(
    "ExportFailed",
    `the export ${namespace}/${name} ended as ${shown(reason)}${why}`,
    {
      hint: `\`longshore describe export ${name}\` says more`,
    },
  );
}
