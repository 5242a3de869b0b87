/** How connections to a store are made, whichever store it is: kept, limited in number, by a proxy where there is one. */
import { readFileSync } from "node:fs";
import type { AgentOptions } from "node:https";
import { getCACertificates } from "node:tls";
import type { Environment } from "../../domain/environment.ts";
import { LongshoreError } from "../../domain/errors.ts";

/** Workers read ahead, and write many small files at once. */
const maxSockets = 128;

/** What a location says of connections. */
export interface ConnectionParameters {
  /** A file of certificates in PEM that are trusted beside the usual ones. */
  readonly caBundle?: string | undefined;
  /** The URL of the one that every connection goes by; else it stands in the environment, as HTTPS_PROXY and the like. */
  readonly proxy?: string | undefined;
}

/** For agents of HTTP and HTTPS. Throws InvalidArgument where the bundle can't be read. */
export function agentOptions(
  { caBundle, proxy }: ConnectionParameters,
  environment: Environment,
): AgentOptions {
  return {
    keepAlive: true,
    maxSockets,
    ...proxyOptions(proxy, environment),
    ...(caBundle === undefined ? undefined : { ca: [...getCACertificates("default"), readBundle(caBundle)] }),
  };
}

function proxyOptions(proxy: string | undefined, environment: Environment): Pick<AgentOptions, "proxyEnv"> {
  if (proxy !== undefined) return { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
  const hasProxy = Object.keys(environment).some((name) => /^https?_proxy$/i.test(name));
  return hasProxy ? { proxyEnv: environment as NodeJS.ProcessEnv } : {};
}

function readBundle(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new LongshoreError("InvalidArgument", `caBundle=${file} can't be read`, {
      cause: error,
      hint: "name a file of certificates in PEM",
    });
  }
}
