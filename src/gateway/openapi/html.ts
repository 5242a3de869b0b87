/** Text that is HTML already; everything else is escaped when it is put into a template. */
export interface Html {
  readonly text: string;
}

export function markup(strings: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const parts = strings.map((part, i) => {
    const value = values[i];
    return part + (value === undefined ? "" : typeof value === "string" ? escaped(value) : value.text);
  });
  return { text: parts.join("") };
}

export const joined = (parts: readonly Html[]): Html => ({ text: parts.map(({ text }) => text).join("\n") });

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
