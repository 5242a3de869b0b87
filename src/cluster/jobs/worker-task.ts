/** What a worker's pod is to do, as its template holds it in the environment. */
import { z } from "zod";
import type { Environment } from "../../domain/environment.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { RequestOptions } from "../../domain/manifest.ts";

export const stages = ["all", "plan", "pack", "finalize", "cleanup"] as const;
export type Stage = (typeof stages)[number];

/** Locations as everybody sees them, by what they are reached in the pod: a way into a mount, or a whole URL. */
const Ways = z.record(z.string(), z.string());

const ExportTask = z.strictObject({
  kind: z.literal("export"),
  job: z.strictObject({
    exportUid: z.string(),
    /** Whom its records name; the Export's uid alone where a Job is of an early build. */
    owner: z.string().optional(),
    attempt: z.int().nonnegative(),
    namespace: z.string(),
    name: z.string(),
    source: z.string(),
    location: z.string(),
    previous: z.string().optional(),
    options: RequestOptions,
    /** Pods that pack at the same time; absent where one does everything. */
    workers: z.int().positive().optional(),
    ways: Ways,
  }),
});
export type ExportTask = z.infer<typeof ExportTask>;

const CleanupTask = z.strictObject({
  kind: z.literal("cleanup"),
  place: z.strictObject({ location: z.string(), owner: z.string(), ways: Ways }),
});
export type CleanupTask = z.infer<typeof CleanupTask>;

const WorkerTask = z.discriminatedUnion("kind", [ExportTask, CleanupTask]);
export type WorkerTask = z.infer<typeof WorkerTask>;

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

/** Of a long task the others are numbered: `_1`, `_2`. */
export const taskVariable = "LONGSHORE_JOB";
/** Linux takes 128 KiB in one variable. */
const longestValue = 96 * 1024;
/** An object of the API server may have 1.5 MiB, and the kernel takes 2 MiB of environment. */
const longestTask = 10 * longestValue;

/** Throws InvalidDocument where a request is too long for a pod. */
export function taskEnvironment(task: WorkerTask): EnvironmentVariable[] {
  const text = plainJson(task);
  if (text.length > longestTask) {
    const message = `the request takes ${text.length} bytes, more than a pod can be told (${longestTask})`;
    throw new LongshoreError("InvalidDocument", message, {
      hint: "use fewer patterns in include and exclude",
    });
  }
  const count = Math.ceil(text.length / longestValue);
  return Array.from({ length: count }, (_, i) => ({
    name: i === 0 ? taskVariable : `${taskVariable}_${i}`,
    value: text.slice(i * longestValue, (i + 1) * longestValue),
  }));
}

/** Throws InvalidArgument where there is none. */
export function taskFrom(environment: Environment): WorkerTask {
  let text = environment[taskVariable] ?? "";
  for (let i = 1; environment[`${taskVariable}_${i}`] !== undefined; i++)
    text += environment[`${taskVariable}_${i}`];
  try {
    return WorkerTask.parse(JSON.parse(text));
  } catch (cause) {
    throw new LongshoreError("InvalidArgument", `${taskVariable} holds no job of a worker`, {
      cause,
      hint: "workers are started by the operator, as the pods of its Jobs",
    });
  }
}

/** ASCII alone, so that it can be cut anywhere; and no "$", since Kubernetes replaces `$(NAME)` in values. */
const plainJson = (task: WorkerTask): string =>
  JSON.stringify(task).replaceAll(
    /[$\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
