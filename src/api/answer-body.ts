/** Reads what a server answers: bounded, as JSON, and held to a schema. */
import type { z } from "zod";
import { LongshoreError } from "../domain/errors.ts";

/** A manifest of ten thousand parts takes some eight. */
const longestBody = 64 * 2 ** 20;

/** The text of the body. Throws ServerFailed where there is no end to it, and what reading throws. */
export async function readText(response: Response, alive: () => void): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let length = 0;
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    alive();
    length += value.byteLength;
    if (length > longestBody) {
      await reader.cancel();
      throw new LongshoreError("ServerFailed", `an answer is longer than ${longestBody} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The JSON, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The body as the schema has it. A newer server may say more than we know: what is unknown is dropped.
 * Throws ServerFailed where the rest isn't as it should be; `what` names the answer.
 */
export function checked<S extends z.ZodType>(schema: S, body: unknown, what: string): z.infer<S> {
  let result = schema.safeParse(body);
  for (let pass = 0; pass < mostPasses && !result.success; pass++) {
    dropUnknown(body, result.error);
    result = schema.safeParse(body);
  }
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = (issue?.path ?? []).map(String).join(".").slice(0, 200);
  throw new LongshoreError(
    "ServerFailed",
    `${what} answered what is not understood, at ${JSON.stringify(where)}`,
    {
      cause: result.error,
      hint: "check that the address is that of a longshore server, and that its version is not newer",
    },
  );
}

/** A strict schema says what it does not know only once the rest of the object is right. */
const mostPasses = 3;

function dropUnknown(body: unknown, error: z.ZodError): void {
  for (const issue of error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const holder = issue.path.reduce<unknown>(memberOf, body);
    for (const key of issue.keys) if (isObject(holder)) Reflect.deleteProperty(holder, key);
  }
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === "object" && value !== null;

const memberOf = (value: unknown, key: PropertyKey): unknown => (isObject(value) ? value[key] : undefined);
