/** Parses the JSON of a request, of which nothing is known but that it is at most as long as the limit. */
import { LongshoreError } from "../../domain/errors.ts";

/** Far more than any document of ours has. */
const deepest = 32;
const mostValues = 20_000;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Undefined where there is none. Throws InvalidRequest: no JSON, not UTF-8, too deep, too much, or a key that means a prototype. */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  const text = textOf(bytes);
  checkShape(text);
  const value = parse(text);
  refusePrototypes(value);
  return value;
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new LongshoreError("InvalidRequest", "the body is not valid UTF-8", { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LongshoreError("InvalidRequest", "the body is no JSON", { cause });
  }
}

/** Before anything is built of it: every value of a hostile body would cost a hundred times its bytes. */
function checkShape(text: string): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = endOfString(text, i);
    else if (character === "[" || character === "{") {
      depth++;
      values++;
    } else if (character === "]" || character === "}") depth--;
    else if (character === ",") values++;
    if (depth > deepest)
      throw new LongshoreError("InvalidRequest", `the body is nested deeper than ${deepest}`);
    if (values > mostValues)
      throw new LongshoreError("InvalidRequest", `the body has more than ${mostValues} values`);
  }
}

/** Of the closing quotation mark, or of the last character where there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '"') return i;
    if (text[i] === "\\") i++;
  }
  return text.length;
}

function refusePrototypes(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Object.hasOwn(value, "__proto__"))
    throw new LongshoreError("InvalidRequest", 'the body has a key "__proto__"');
  for (const member of Object.values(value)) refusePrototypes(member);
}
