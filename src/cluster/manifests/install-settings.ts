/** The keys of `--set`: what each means, what it is unless said, and which values it takes. */
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import { ObjectName } from "../../domain/resources/names.ts";
import type { InstallOptions } from "./install-options.ts";

const Label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "is no name of a namespace")
  .max(63);
const OptionalName = z.union([z.literal(""), ObjectName]);
const Amount = z.string().regex(/^\d+(\.\d+)?(m|[kMGT]i?)?$/, "is no amount such as 500m or 512Mi");

const settings = {
  image: z
    .string()
    .regex(/^[\w][\w.:/@-]{0,511}$/, "is no reference of an image")
    .describe("image of operator and workers (default: longshore of this version)"),
  imagePullPolicy: z
    .enum(["IfNotPresent", "Always", "Never"])
    .default("IfNotPresent")
    .describe("when a node fetches the image"),
  imagePullSecret: OptionalName.default("").describe(
    "Secret in the system's namespace with which nodes fetch the operator's image",
  ),
  namespace: Label.default("longshore-system").describe("the system's own namespace"),
  replicas: z
    .string()
    .regex(/^[1-9]$/, "is no number from 1 to 9")
    .default("2")
    .describe("operators, of which one leads"),
  cpu: Amount.default("100m").describe("processors that each operator asks for"),
  memory: Amount.default("256Mi").describe("memory that each operator asks for and may have"),
  priorityClassName: OptionalName.default("").describe("PriorityClass of the operators"),
};

export interface InstallSetting {
  readonly key: string;
  readonly description: string;
}

export const installSettings: readonly InstallSetting[] = Object.entries(settings).map(([key, schema]) => {
  const standard = schema instanceof z.ZodDefault ? String(schema.def.defaultValue) : "";
  return { key, description: `${schema.description}${standard === "" ? "" : ` (default: ${standard})`}` };
});

/** Throws InvalidArgument, naming the key; `version` is that of this program, which the image has too. */
export function installOptions(given: Readonly<Record<string, string>>, version: string): InstallOptions {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(settings, key));
  if (unknown !== undefined)
    throw new LongshoreError("InvalidArgument", `--set ${unknown}: there is no such setting`, {
      hint: `there are ${Object.keys(settings).join(", ")}`,
    });
  const { data, error } = z.strictObject(settings).safeParse({ image: `longshore:${version}`, ...given });
  if (data !== undefined) return { ...data, replicas: Number(data.replicas) };
  const [issue] = error.issues;
  const key = String(issue?.path[0]);
  throw new LongshoreError(
    "InvalidArgument",
    `--set ${key}=${JSON.stringify(given[key])}: ${issue?.message}`,
    {
      cause: error,
      hint: "see `longshore install --help`",
    },
  );
}
