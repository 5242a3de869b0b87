/** Walks the source and makes the plan durable, page by page. */
import { planName } from "../../domain/record-names.ts";
import { formatVersion } from "../../domain/export-options.ts";
import { type PlannedPart, tailParts } from "../../domain/part.ts";
import type { ExportRequest, Plan } from "../../domain/plan.ts";
import type { Format } from "../../domain/ports/format.ts";
import { documentBytes } from "../document.ts";
import { writePlan } from "../planning/plan-writer.ts";
import type { ExportWork } from "./export-call.ts";

/** `onPart` is told of each part as soon as its page is durable. Resolves when plan.json stands. */
export async function makePlan(
  work: ExportWork,
  request: ExportRequest,
  onPart: (part: PlannedPart) => void,
  signal: AbortSignal,
): Promise<Plan> {
  const { call, home, source, destination } = work;
  const format = await home.drivers.format(call.options.format);
  const parts: PlannedPart[] = [];
  const totals = await writePlan(
    source.walk(walkOptions(work, format), signal),
    {
      destination,
      format,
      options: call.options,
      clock: home.clock,
      onPart: (part) => {
        parts.push(part);
        home.onEvent({ kind: "planned", content: part.content, files: part.files, parts: 1, done: false });
        onPart(part);
      },
    },
    signal,
  );
  const plannedAt = new Date(home.clock.now()).toISOString();
  const plan: Plan = { formatVersion, request, plannedAt, totals, parts };
  home.onEvent({ kind: "planned", content: 0, files: 0, parts: tailParts(format.name), done: true });
  await destination.put(planName, documentBytes(plan), signal);
  return plan;
}

function walkOptions({ call, home }: ExportWork, format: Format) {
  const { include, exclude, crossFileSystems } = call.options;
  return {
    include,
    exclude,
    crossFileSystems,
    hardLinks: format.hardLinks,
    scratch: call.scratch,
    onOtherFileSystem: (path: string) =>
      home.onEvent({
        kind: "notice",
        message: `${path} is on another file system and was not entered (--cross-file-systems enters it)`,
      }),
  };
}
