/** What people are told of a change of an export's status when they ask later. Never of progress alone. Pure. */
import type { ErrorCode } from "../domain/errors.ts";
import type { EventToRecord } from "../domain/ports/event-recorder.ts";
import { type Condition, conditionOf } from "../domain/resources/condition.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import { apiVersion, type Export } from "../domain/resources/resource.ts";

type Told = Pick<EventToRecord, "type" | "reason" | "action" | "note">;

/** `code` is that of the attempt that failed, where one did. */
export function exportEvents(
  { metadata, status: before }: Export,
  after: ExportStatus,
  code: ErrorCode | undefined,
): readonly EventToRecord[] {
  const was = conditionOf(before?.conditions, "Succeeded");
  const is = conditionOf(after.conditions, "Succeeded");
  if (is === undefined || isSame(was, is)) return [];
  const { namespace, name, uid } = metadata;
  const about = { apiVersion, kind: "Export", namespace, name, uid };
  const told = [resumed(was, is), eventOf(was, is, { after, code })];
  return told.filter((one) => one !== undefined).map((one) => ({ about, ...one }));
}

const isSame = (was: Condition | undefined, is: Condition): boolean =>
  was?.status === is.status && was.reason === is.reason && was.message === is.message;

const normal = (reason: string, action: string, note: string): Told => ({
  type: "Normal",
  reason,
  action,
  note,
});
const warning = (reason: string, action: string, note: string): Told => ({
  type: "Warning",
  reason,
  action,
  note,
});

const leaving: ReadonlySet<string> = new Set(["Canceling", "Deleting"]);

function resumed(was: Condition | undefined, is: Condition): Told | undefined {
  if (was?.reason !== "Suspended" || is.reason === "Suspended") return undefined;
  if (is.status !== "Unknown" || leaving.has(is.reason)) return undefined;
  return normal("Resumed", "Resume", "it goes on from what is done");
}

interface Change {
  readonly after: ExportStatus;
  readonly code: ErrorCode | undefined;
}

function eventOf(was: Condition | undefined, is: Condition, change: Change): Told | undefined {
  const { reason, message } = is;
  if (is.status === "True") return normal("Succeeded", "Finalize", message);
  if (is.status === "False")
    return reason === "Canceled"
      ? normal("Canceled", "Cancel", message)
      : warning("Failed", "Export", `${reason}: ${message}`);
  // An attempt that could not even begin leaves the reason as it was.
  if (was?.reason === reason && reason !== "Retrying") return unchangedReason(is);
  return beginningOf(is, change);
}

/** What is in the way may become another thing of the same name. */
function unchangedReason({ reason, message }: Condition): Told | undefined {
  if (leaving.has(reason)) return warning("RemovalFailed", "Remove", message);
  return ownReasons.has(reason) ? undefined : warning(reason, "Wait", message);
}

const ownReasons: ReadonlySet<string> = new Set(["Pending", "Queued", "Planning", "Packing", "Suspended"]);

function beginningOf({ reason, message }: Condition, { after, code }: Change): Told | undefined {
  switch (reason) {
    case "Pending":
    case "Queued":
    case "Canceling":
    case "Deleting":
      return undefined;
    case "Planning":
      return normal("Planning", "Plan", "the source is being walked");
    case "Packing":
      return normal("Packing", "Pack", packing(after));
    case "Suspended":
      return normal("Suspended", "Suspend", message);
    case "Retrying":
      return warning(code === "WorkerLost" ? code : "AttemptFailed", "Export", message);
    default:
      return warning(reason, "Wait", message);
  }
}

function packing({ parts, display }: ExportStatus): string {
  const total = parts?.total ?? 0;
  return `${total} ${total === 1 ? "part" : "parts"} of ${display?.size ?? "0"} of content are planned, and are being packed`;
}
