/** A worker's last words, its pod's termination message: Kubernetes cuts one at 4,096 bytes, and ours are at most 2 KiB. */
import { z } from "zod";
import { catalogue, type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import { stages } from "./worker-task.ts";
import { count, sha256Hex } from "../../domain/schema-words.ts";

const JobResult = z.object({
  manifestDigest: sha256Hex,
  files: count,
  differences: count,
  parts: z.object({ total: count, reused: count }),
  bytes: z.object({ source: count, written: count, redone: count }),
  archive: z
    .object({ file: z.string().max(1024), size: count, etag: z.string().max(256).exactOptional() })
    .exactOptional(),
});

/** Whoever may make pods can write what it likes here, so it is checked like any input. */
const WorkerMessage = z.object({
  stage: z.enum(stages),
  /** Of all and finalize. */
  result: JobResult.optional(),
  /** Of plan: how much there is to pack. */
  planned: z.object({ parts: count, files: count, bytes: count }).optional(),
  /** Of pack: what this worker made safe. */
  packed: z.object({ parts: count, reused: count, files: count, bytes: count }).optional(),
  error: z
    .object({
      code: z
        .string()
        .refine((code): code is ErrorCode => Object.hasOwn(catalogue, code))
        .optional(),
      message: z.string(),
      hint: z.string().optional(),
    })
    .optional(),
});
export type WorkerMessage = z.infer<typeof WorkerMessage>;

const mostBytes = 2048;
const longestText = 600;

/** What is too long loses the end of its sentences. */
export function encodeMessage(message: WorkerMessage): string {
  const text = JSON.stringify(message);
  if (Buffer.byteLength(text) <= mostBytes || message.error === undefined) return text;
  const { code, message: sentence, hint } = message.error;
  // A character may take six bytes in JSON, and three in UTF-8: what has many of them is cut shorter.
  for (let length = longestText; length > 50; length = Math.floor(length / 2)) {
    const error = { code, message: cut(sentence, length), ...(hint && { hint: cut(hint, length) }) };
    const shorter = JSON.stringify({ ...message, error });
    if (Buffer.byteLength(shorter) <= mostBytes) return shorter;
  }
  return JSON.stringify({ stage: message.stage, error: { code, message: "" } });
}

/** Undefined where it is none of ours. */
export function parseMessage(text: string | undefined): WorkerMessage | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return WorkerMessage.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What may be told of an error: nothing of one that nobody expected but that it was there. */
export function messageError(error: unknown): NonNullable<WorkerMessage["error"]> {
  if (error instanceof LongshoreError) return { code: error.code, message: error.message, hint: error.hint };
  return { message: "it ended with an error that was not expected; the log of its pod says more" };
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
