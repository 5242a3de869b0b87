/** Sends commands and bodies through the SDK, and turns whatever goes wrong into an error of the catalogue. */
import type { S3Client } from "@aws-sdk/client-s3";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Payload } from "../../../domain/ports/object-store.ts";
import type { AskedStore } from "../../../domain/store-meaning.ts";
import { translated } from "../../../domain/translated.ts";
import { sendBody, type SentBody } from "../../connections/streamed-body.ts";
import { storeError } from "./errors.ts";
import type { Renewal } from "./renewal.ts";

/** A bucket and how to ask it. */
export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly displayed: string;
  /** Whether the store is told a SHA-256 to check and keep, beside the one in the signature. */
  readonly checksums: boolean;
  readonly renewal: Renewal;
}

export interface Exchange<T> {
  readonly operation: string;
  readonly key?: string | undefined;
  readonly run: (options: { readonly abortSignal: AbortSignal }) => Promise<T>;
  /** May answer for an error that is none here. */
  readonly rescue?: (error: unknown) => T | Promise<T>;
}

/** Runs one request; throws errors of the catalogue. */
export function ask<T>(
  bucket: Bucket,
  { operation, key, run, rescue }: Exchange<T>,
  signal: AbortSignal,
): Promise<T> {
  const asked = { operation, key, displayed: bucket.displayed };
  const meaningOf = translator(bucket, asked, signal);
  return translated(() => run({ abortSignal: signal }), { meaningOf, rescue }, signal);
}

/** Of the errors of one request, that is sent after this. */
function translator(
  { renewal }: Bucket,
  asked: AskedStore,
  signal: AbortSignal,
): (error: unknown) => Promise<unknown> {
  const generation = renewal.generation();
  return async (error) => {
    const meant = storeError(error, asked, signal);
    if (!(await renewal.isOver(error, generation))) return meant;
    return new LongshoreError(
      "StoreFailed",
      `${asked.displayed} no longer takes the credentials that it took before`,
      { cause: error },
    );
  };
}

/** A part of the SDK's command that we use: its own list of steps. */
interface Steps {
  readonly middlewareStack: { add(step: unknown, options: unknown): void };
}

/** Gives the request a header that no input of the SDK has. */
export function withHeader<C extends object>(command: C, name: string, value: string): C {
  const step =
    (next: (args: unknown) => unknown) =>
    (args: { readonly request: { readonly headers: Record<string, string> } }): unknown => {
      args.request.headers[name] = value;
      return next(args);
    };
  (command as unknown as Steps).middlewareStack.add(step, { step: "build", priority: "low" });
  return command;
}

export interface BodyInput {
  readonly Body: SentBody;
  readonly ContentLength: number;
  readonly ChecksumSHA256?: string;
}

/**
 * Sends a payload. Its digest is part of the signature, so the store refuses other bytes even where it knows no checksums;
 * the bytes need not be hashed again.
 */
export function sendPayload<T>(
  bucket: Bucket,
  { payload, operation, key }: { payload: Payload; operation: string; key: string },
  exchange: (body: BodyInput, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const described = {
    ContentLength: payload.size,
    ...(bucket.checksums
      ? { ChecksumSHA256: Buffer.from(payload.sha256, "hex").toString("base64") }
      : undefined),
  };
  return sendBody(
    payload.open(),
    (Body, abortSignal) => {
      const run = (): Promise<T> => exchange({ Body, ...described }, { abortSignal });
      return ask(bucket, { operation, key, run }, signal);
    },
    signal,
  );
}
