/** Prints objects in the format that was asked for, as they come. */
import { apiVersion } from "../../../domain/resources/resource.ts";
import type { Output } from "../../context.ts";
import type { OutputFormat } from "./output-format.ts";
import { jsonText, yamlOptions, yamlText } from "./shown.ts";
import { type Column, table } from "./table.ts";

/** How objects of a kind are shown. */
export interface Look<T> {
  /** Of the document that a list becomes with -o json; without it that has `items` alone. */
  readonly listKind?: string;
  readonly columns: readonly Column<T>[];
  /** Of -o name: "export/reports", safe for a terminal. */
  readonly label: (item: T) => string;
}

export interface Printer<T> {
  print(items: readonly T[]): Promise<void>;
  /** Closes what the format has open. */
  end(): Promise<void>;
}

export interface PrinterOptions {
  readonly format: OutputFormat;
  /** One object asked for by its name, a list, or objects without an end. */
  readonly manner: "one" | "list" | "stream";
  readonly now: () => number;
}

export async function printer<T>(
  output: Output,
  look: Look<T>,
  options: PrinterOptions,
): Promise<Printer<T>> {
  switch (options.format) {
    case "table":
    case "wide":
      return tablePrinter(output, look, options);
    case "json":
      return options.manner === "list" ? listPrinter(output, look) : jsonPrinter(output, options.manner);
    case "yaml":
      return yamlPrinter(output);
    case "name":
      return linePrinter(output, (item) => `${look.label(item)}\n`);
  }
}

function linePrinter<T>(output: Output, line: (item: T) => string): Printer<T> {
  return {
    print: (items) => output.write(items.map(line).join("")),
    end: async () => undefined,
  };
}

function tablePrinter<T>(output: Output, { columns }: Look<T>, { format, now }: PrinterOptions): Printer<T> {
  const rows = table(
    columns.filter(({ wide }) => wide !== true || format === "wide"),
    now,
  );
  return {
    print: async (items) => {
      if (items.length > 0) await output.write(rows.lines(items));
    },
    end: async () => undefined,
  };
}

const jsonPrinter = <T>(output: Output, manner: "one" | "stream"): Printer<T> =>
  linePrinter(output, (item) => `${jsonText(item, manner === "one" ? 2 : undefined)}\n`);

/** One document whose items are written as they come. */
function listPrinter<T>(output: Output, { listKind }: Look<T>): Printer<T> {
  const kind = listKind === undefined ? "" : `"apiVersion": "${apiVersion}",\n  "kind": "${listKind}",\n  `;
  let before = `{\n  ${kind}"items": [`;
  let isEmpty = true;
  return {
    print: async (items) => {
      for (const item of items) {
        await output.write(`${before}\n    ${jsonText(item, 2).replaceAll("\n", "\n    ")}`);
        before = ",";
        isEmpty = false;
      }
    },
    end: () => output.write(isEmpty ? `${before}]\n}\n` : "\n  ]\n}\n"),
  };
}

/** A document for each object, as `create -f` takes them. */
async function yamlPrinter<T>(output: Output): Promise<Printer<T>> {
  const { stringify } = await import("yaml");
  let before = "";
  return {
    print: async (items) => {
      for (const item of items) {
        await output.write(before + yamlText(stringify(item, yamlOptions)));
        before = "---\n";
      }
    },
    end: async () => undefined,
  };
}
