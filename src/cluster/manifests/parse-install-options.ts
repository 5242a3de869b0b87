/** The options of an installation out of what `--set` gave. */
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import { ObjectName } from "../../domain/resources/names.ts";
import type { InstallOptions } from "./install-options.ts";
import { installSettings } from "./install-settings.ts";

const Label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "is no name of a namespace")
  .max(63);
const OptionalName = z.union([z.literal(""), ObjectName]);
const Amount = z.string().regex(/^\d+(\.\d+)?(m|[kMGT]i?)?$/, "is no amount such as 500m or 512Mi");

const Count = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, "is no whole number from 1 to 999999")
  .transform(Number);

const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) < 2 ** 16;
const Ports = z
  .string()
  .refine((list) => list.split(",").every(isPort), { error: "is no list of ports such as 443,6443" })
  .transform((list) => list.split(",").map(Number));

const Settings = z.strictObject({
  image: z.string().regex(/^[\w][\w.:/@-]{0,511}$/, "is no reference of an image"),
  imagePullPolicy: z.enum(["IfNotPresent", "Always", "Never"]),
  imagePullSecret: OptionalName,
  namespace: Label,
  replicas: z
    .string()
    .regex(/^[1-9]$/, "is no number from 1 to 9")
    .transform(Number),
  cpu: Amount,
  memory: Amount,
  maxRunning: Count,
  maxRunningPerNamespace: Count,
  priorityClassName: OptionalName,
  apiServerPorts: Ports,
});

/** Throws InvalidArgument, naming the key; `version` is that of this program, which the image has too. */
export function parseInstallOptions(
  given: Readonly<Record<string, string>>,
  version: string,
): InstallOptions {
  const keys = installSettings.map(({ key }) => key);
  const unknown = Object.keys(given).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw new LongshoreError("InvalidArgument", `--set ${unknown}: there is no such setting`, {
      hint: `there are ${keys.join(", ")}`,
    });
  const standard = Object.fromEntries(installSettings.map(({ key, standard: value }) => [key, value]));
  const { data, error } = Settings.safeParse({ ...standard, image: `longshore:${version}`, ...given });
  if (data !== undefined) return data;
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
