/** How it is told what was made, or what would be. */
import { LongshoreError } from "../../../domain/errors.ts";
import type { CliContext } from "../../context.ts";
import type { dryRuns, madeFormats } from "../output/output-format.ts";
import { jsonText, shown, yamlOptions, yamlText } from "../output/shown.ts";

export interface TellOptions {
  readonly dryRun?: (typeof dryRuns)[number] | undefined;
  readonly output?: (typeof madeFormats)[number] | undefined;
}

/** Throws InvalidArgument. */
export function refuseToWait({
  wait,
  dryRun,
  output,
}: TellOptions & { readonly wait?: true | undefined }): void {
  if (wait === true && (dryRun !== undefined || output !== undefined))
    throw new LongshoreError("InvalidArgument", "--wait goes with neither --dry-run nor --output");
}

const notes = { client: " (dry run)", server: " (server dry run)" } as const;

/** `label` is "export/reports". */
export async function tellMade(
  { stdout }: CliContext,
  label: string,
  made: unknown,
  { dryRun, output }: TellOptions,
): Promise<void> {
  switch (output) {
    case "json":
      return stdout.write(`${jsonText(made, 2)}\n`);
    case "yaml": {
      const { stringify } = await import("yaml");
      return stdout.write(`---\n${yamlText(stringify(made, yamlOptions))}`);
    }
    case "name":
      return stdout.write(`${shown(label)}\n`);
    case undefined:
      return stdout.write(`${shown(label)} created${dryRun === undefined ? "" : notes[dryRun]}\n`);
  }
}
