/** Readers and options that the commands against a server share. */
import { Option } from "@commander-js/extra-typings";
import { LongshoreError } from "../../domain/errors.ts";
import { parseQuantity } from "../../domain/quantity.ts";
import { outputFormats } from "./output/output-format.ts";

/** A Kubernetes quantity as it was written. Throws InvalidArgument. */
export const quantity =
  (option: string) =>
  (value: string): string => {
    if ((parseQuantity(value) ?? 0) > 0) return value;
    throw new LongshoreError(
      "InvalidArgument",
      `${option} ${JSON.stringify(value)} is not a size such as 64Mi, 500M or 1Gi`,
    );
  };

export const outputOption = () =>
  new Option("-o, --output <FORMAT>", "how to print it").choices(outputFormats).default("table" as const);
