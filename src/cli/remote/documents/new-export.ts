/** Makes an Export's document of the options of `create export`. */
import type { NewExport } from "../../../api/documents.ts";
import { apiVersion } from "../../../domain/resources/resource.ts";
import { type FormatWord, specFormatOf } from "../../../domain/resources/export-format.ts";
import { type Home, newPlace } from "./new-place.ts";

export interface NewExportOptions {
  readonly source: string;
  /** Name of a Secret, of the source's bucket. */
  readonly sourceCredentials?: string | undefined;
  readonly destination: string;
  readonly destinationCredentials?: string | undefined;
  readonly format?: FormatWord | undefined;
  readonly level?: number | undefined;
  /** A quantity. */
  readonly partSize?: string | undefined;
  readonly workers?: number | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly differences?: "record" | "fail" | undefined;
  readonly ttl?: number | undefined;
  readonly previous?: string | undefined;
  readonly keepData?: true | undefined;
}

/** Throws InvalidArgument. What was not said is left to the server's defaults. */
export function newExport(name: string, home: Home, options: NewExportOptions): NewExport {
  const { format, level, partSize, workers, include, exclude, differences, ttl, previous, keepData } =
    options;
  const spec: NewExport["spec"] = {
    source: newPlace(
      { option: "--source", text: options.source, credentials: options.sourceCredentials },
      home,
    ),
    destination: destinationOf(options, home),
    ...given("include", include && [...include]),
    ...given("exclude", exclude && [...exclude]),
    ...given("format", format && specFormatOf(format)),
    ...given("compressionLevel", level),
    ...given("partSize", partSize),
    ...given("workers", workers === undefined ? undefined : workersOf(workers)),
    ...given("differences", differences && (differences === "fail" ? "Fail" : "Record")),
    ...given("ttlSecondsAfterFinished", ttl),
    ...given("previous", previous === undefined ? undefined : { name: previous }),
    ...given("deletionPolicy", keepData && "Retain"),
  };
  return { apiVersion, kind: "Export", metadata: { name, namespace: home.namespace }, spec };
}

/** The member, unless it is undefined: then the server decides. */
function given<K extends keyof NewExport["spec"]>(
  key: K,
  value: NewExport["spec"][K] | undefined,
): Pick<NewExport["spec"], K> | undefined {
  return value === undefined ? undefined : ({ [key]: value } as Pick<NewExport["spec"], K>);
}

const workersOf = (count: number): NewExport["spec"]["workers"] => ({
  mode: count > 1 ? "Indexed" : "Sequential",
  count,
});

function destinationOf(
  { destination: text, destinationCredentials: credentials }: NewExportOptions,
  home: Home,
): NewExport["spec"]["destination"] {
  const isName = !text.includes("/") && credentials === undefined;
  return isName ? { name: text } : newPlace({ option: "--destination", text, credentials }, home);
}
