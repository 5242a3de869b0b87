/** What people type to run a command: texts name commands as `longshore VERB`, and whoever uses the plugin types more. */

/** The program itself, or the plugin of kubectl, which has what concerns a cluster and no more. */
export type ProgramName = "longshore" | "kubectl longshore";

export const isPlugin = ({ program }: { readonly program: ProgramName }): boolean =>
  program === "kubectl longshore";

/** The text with the name by which these commands are called here. */
export function spoken(text: string, program: ProgramName, commands: readonly string[]): string {
  if (program === "longshore") return text;
  const named = new RegExp(`(?<!kubectl )\\blongshore (?=(?:${commands.join("|")})\\b)`, "g");
  return text.replaceAll(named, `${program} `);
}
