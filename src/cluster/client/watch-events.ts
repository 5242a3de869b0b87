/** The events of a watch out of its stream: one JSON document a line, of which one is held at a time. */
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeEvent, KubeObject } from "../kube-api.ts";
import { apiError } from "./api-status.ts";

/** Objects are at most 3 MiB; whoever sends more on one line is no API server. */
const longestLine = 2 ** 24;
const newline = 0x0a;

const Line = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional() }),
});

/** `request` is what errors name. Throws what an ERROR event means, and ServerFailed for what is no event. */
export async function* watchEvents<T extends KubeObject>(
  stream: AsyncIterable<Uint8Array>,
  request: string,
): AsyncGenerator<KubeEvent<T>, void, undefined> {
  for await (const line of lines(stream, request)) {
    if (line.length === 0) continue;
    const event = Line.safeParse(parsed(line)).data;
    if (event === undefined) throw garbage(request, "what is no event");
    const { type, object } = event;
    if (type === "ERROR") throw apiError({ code: 500, request, status: object });
    const { metadata } = object;
    if (metadata?.resourceVersion === undefined) throw garbage(request, "an object without a version");
    if (type === "BOOKMARK") yield { type, resourceVersion: metadata.resourceVersion };
    else {
      delete metadata["managedFields"];
      yield { type, object: object as unknown as T };
    }
  }
}

async function* lines(
  stream: AsyncIterable<Uint8Array>,
  request: string,
): AsyncGenerator<Buffer, void, undefined> {
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      begun = [];
      length = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > longestLine) throw garbage(request, `a line of more than ${longestLine} bytes`);
  }
  if (length > 0) throw garbage(request, "half an event");
}

function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString());
  } catch {
    // What is no JSON is no event, which the schema says of undefined. The line is not quoted: it may hold anything.
    return undefined;
  }
}

const garbage = (request: string, what: string): LongshoreError =>
  new LongshoreError("ServerFailed", `the answer to ${request} has ${what}`, {
    hint: "look for a proxy between here and the API server",
  });
