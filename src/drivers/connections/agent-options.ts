/** How connections to a store are made, whichever store it is: kept, limited in number, by a proxy where there is one. */
import { readFileSync } from "node:fs";
import type { AgentOptions } from "node:https";
import { getCACertificates } from "node:tls";
import type { Environment } from "../../domain/environment.ts";
import { LongshoreError } from "../../domain/errors.ts";

/** Workers read ahead, and write many small files at once. */
const maxSockets = 128;

/**
 * For agents of HTTP and HTTPS. `caBundle` is a file of certificates in PEM that are trusted beside the usual ones; the proxy
 * stands in the environment as HTTPS_PROXY and the like. Throws InvalidArgument where the bundle can't be read.
 */
export function agentOptions(caBundle: string | undefined, environment: Environment): AgentOptions {
  const hasProxy = Object.keys(environment).some((name) => /^https?_proxy$/i.test(name));
  return {
    keepAlive: true,
    maxSockets,
    ...(hasProxy ? { proxyEnv: environment as NodeJS.ProcessEnv } : undefined),
    ...(caBundle === undefined ? undefined : { ca: [...getCACertificates("default"), readBundle(caBundle)] }),
  };
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
