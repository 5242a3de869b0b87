/** What a server says is foreign: nothing of it may steer a terminal, whatever the format. */
import { byteStringOfText, displayName } from "../../../domain/byte-string.ts";

/** Marks that reorder the text around them. */
const directions = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** What JSON leaves as it is and a terminal may act on: DEL, the C1 controls, marks of direction. */
const steering = /[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** As a person may safely read it, in one line: control characters escaped, direction marks as "?". */
export function shown(text: string): string {
  return shownBytes(byteStringOfText(text));
}

/** The same of a byte string. */
export function shownBytes(bytes: string): string {
  return displayName(bytes).replaceAll(directions, "?");
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** As JSON, in which nothing steers a terminal: one of the C1 controls begins its commands. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(steering, escaped);
}

/** How YAML has to be made for `yamlText`; its block scalars lose the spaces of a text that begins with some. */
export const yamlOptions = { lineWidth: 0, blockQuote: false } as const;

/** The same of a YAML text, whose strings with such characters all stand in double quotes. */
export function yamlText(text: string): string {
  return text.replaceAll(/[\x7f-\x9f]/g, escaped);
}
