/** Text of CEL expressions. */

/** A string literal. */
export const quoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

/** A list of string literals. */
export const quotedList = (texts: readonly string[]): string => `[${texts.map(quoted).join(", ")}]`;
