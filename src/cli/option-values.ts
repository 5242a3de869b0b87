/** Reads the values of options; whatever is wrong with one is an InvalidArgument that names the option. */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { LongshoreError } from "../domain/errors.ts";
import { checkPattern } from "../domain/pattern.ts";
import { parseQuantity } from "../domain/quantity.ts";
import { type ListenAddress, parseListenAddress } from "./serve-options.ts";

const invalid = (option: string, value: string, wanted: string): LongshoreError =>
  new LongshoreError("InvalidArgument", `${option} ${JSON.stringify(value)} is not ${wanted}`);

export const choice =
  <T extends string>(option: string, values: readonly T[]) =>
  (value: string): T => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw invalid(option, value, `one of ${values.join(", ")}`);
    return found;
  };

export const integer =
  (option: string, min: number, max: number) =>
  (value: string): number => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max))
      throw invalid(option, value, `a whole number from ${min} to ${max}`);
    return number;
  };

/** A Kubernetes quantity of at least `min` bytes. */
export const size =
  (option: string, min: number) =>
  (value: string): number => {
    const bytes = parseQuantity(value);
    if (bytes === undefined) throw invalid(option, value, "a size such as 64Mi, 500M or 1Gi");
    if (bytes < min) throw invalid(option, value, `at least ${min / 1024}Ki`);
    return bytes;
  };

/** Port 0 is any that is free. */
export function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined)
    throw new InvalidArgumentError("It must be ADDRESS:PORT, such as 127.0.0.1:8080.");
  return address;
}

export const collectPattern =
  (option: string) =>
  (value: string, before: string[] | undefined): string[] => {
    checkPattern(option, value);
    return [...(before ?? []), value];
  };

/** `--include` and `--exclude`, which choose what is exported wherever that is asked for. */
export const includeOption = () =>
  new Option("--include <GLOB>", "export only what matches (gitignore rules, repeatable)").argParser(
    collectPattern("--include"),
  );

export const excludeOption = () =>
  new Option("--exclude <GLOB>", "leave out what matches (gitignore rules, repeatable)").argParser(
    collectPattern("--exclude"),
  );
