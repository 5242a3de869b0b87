/** A prefix of keys in an object store, by its URL. */
import { z } from "zod";
import { catalogue, LongshoreError } from "../errors.ts";
import {
  type BucketScheme,
  bucketSchemes,
  namesByKind,
  parameterNames,
  type ValueKind,
} from "../location-parameters.ts";
import { parseBucketLocation } from "../location.ts";
import { LocalReference } from "./local-reference.ts";
import { type ValidationRule, withRules } from "./validation-rule.ts";

/** Names a file of whoever opens the location, which is not for a tenant to choose: a spec names a Secret instead. */
const ownersParameter = "credentials";
const isTenants = (name: string): boolean => name !== ownersParameter;

const Url = z
  .string()
  .min(1)
  .max(4096)
  .refine((url) => faultOf(url) === undefined, { error: ({ input }) => faultOf(input as string) });

/** What an API server can say of a URL; `faultOf` says the rest, and more exactly. */
const urlRules: readonly ValidationRule<string>[] = [
  {
    rule: "self.matches('^(?i)(s3|az|gs)://')",
    message: "must begin with s3://, az:// or gs://",
  },
  {
    rule: "self.matches('^[^:]*://[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}([/?]|$)')",
    message: "must name a bucket, with no user and no key before it: no secret ever stands in a location",
  },
  {
    rule: "!self.contains('#') && !self.matches('^[^?]*(/|%2[fF])([.]|%2[eE]){1,2}(/|%2[fF]|[?]|$)')",
    message: "must have no # and no . or .. in its prefix",
  },
  {
    rule: "!self.matches('^[^:]*://[^/?]*/+[^/?][^?]*//')",
    message: "must have no empty name (//) in its prefix",
  },
  {
    rule: "self.matches('^([^%]|%[0-9A-Fa-f]{2})*$') && !self.contains('%00')",
    message: "must have %25 for a % in a name, and no %00",
  },
  ...bucketSchemes.map(parametersRule),
  {
    rule: `!self.matches('[?&](${[...namesByKind().values()]
      .flat()
      .map((name) => `${name}=.*&${name}`)
      .join("|")})=')`,
    message: "must say each parameter once",
  },
  ...[...namesByKind()].flatMap(([kind, names]) => valueRule(kind, names.filter(isTenants))),
];

/** Of names of which there is one at most. */
function valueRule({ pattern, meaning }: ValueKind, names: readonly string[]): ValidationRule<string>[] {
  if (names.length === 0) return [];
  const rules = names.map(
    (name) => `(!self.matches('[?&]${name}=') || self.matches('[?&]${name}=${pattern}(&|$)'))`,
  );
  return [{ rule: rules.join(" && "), message: `${names.join(", ")} must be ${meaning}` }];
}

function parametersRule(scheme: BucketScheme): ValidationRule<string> {
  const names = parameterNames(scheme).filter(isTenants).toSorted();
  return {
    rule: `!self.matches('^(?i)${scheme}:') || self.matches('^[^?]*([?](((${names.join("|")})=[^&]*)(&|$))*)?$')`,
    message: `may have the parameters ${names.join(", ")}, and no secret`,
  };
}

export const BucketPlace = withRules(
  z.strictObject({
    url: withRules(Url, urlRules).describe(
      "s3://BUCKET/PREFIX, az://CONTAINER/PREFIX or gs://BUCKET/PREFIX; no secret ever stands in one.",
    ),
    credentialsSecretRef: LocalReference.optional().describe(
      "A Secret whose keys are named as the environment variables that the store's own tools take; without one a cluster asks as nobody. In a cluster only.",
    ),
  }),
  [
    {
      // Of two ways to be somebody, nobody could tell which was taken.
      rule: "!has(self.credentialsSecretRef) || !self.url.matches('[?&](anonymous|profile)=')",
      message: "url must say neither anonymous nor profile beside credentialsSecretRef",
      holds: ({ url, credentialsSecretRef }) =>
        credentialsSecretRef === undefined || !/[?&](anonymous|profile)=/.test(url),
    },
  ],
).describe("What lies below a prefix of a bucket; on one machine, inside what `serve --allow` names.");

/** What is wrong with it, in words that repeat nothing of where a secret may stand. */
function faultOf(url: string): string | undefined {
  try {
    const location = parseBucketLocation(url);
    if (location === undefined) return "must begin with s3://, az:// or gs://";
    return Object.hasOwn(location.parameters, ownersParameter)
      ? "names a file with credentials: leave it out, or name a Secret in credentialsSecretRef"
      : undefined;
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    return error.hint === catalogue.InvalidArgument.hint ? error.message : `${error.message}: ${error.hint}`;
  }
}
