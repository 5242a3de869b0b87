/** `/d/…`: from a credential and an address to bytes, and what is remembered of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { catalogue, LongshoreError } from "../domain/errors.ts";
import { NamespaceName, ResourceName } from "../domain/resources/names.ts";
import type { Blob } from "../engine/blob/blob.ts";
import { parseDownloadName } from "../engine/blob/download-name.ts";
import { openDownload } from "../engine/blob/open-download.ts";
import { isSafePath } from "../engine/reading/safe-path.ts";
import {
  type DownloadHome,
  type DownloadPermission,
  identifyDownloader,
  permitDownload,
} from "./auth/authorize-download.ts";
import type { GatewayDependencies } from "./dependencies.ts";
import { deliver } from "./deliver.ts";
import { decodedParams, decodedQuery } from "./http/request-target.ts";
import type { Lifetime } from "./lifetime.ts";
import { unnamed } from "./opened-exports.ts";
import type { GatewayState } from "./state.ts";

export interface DownloadsHome {
  readonly dependencies: GatewayDependencies;
  readonly state: GatewayState;
  readonly lifetime: Lifetime;
  readonly idleTimeout: number;
  readonly redirectLifetime: number;
}

export function addDownloads(app: FastifyInstance, home: DownloadsHome): void {
  app.route({
    method: ["GET", "HEAD"],
    url: "/d/:namespace/:name/*",
    config: { kind: "Export" },
    handler: async (request, reply) => {
      const work = download(request, reply, home);
      home.lifetime.track(work);
      return work;
    },
  });
  app.get("/.well-known/jwks.json", async (_request, reply) =>
    reply.headers({ "Cache-Control": "public, max-age=60" }).send(await home.state.grantTokens.keySet()),
  );
}

/** Until `hijack`, what goes wrong is a problem document; afterwards it is the connection's end. */
async function download(request: FastifyRequest, reply: FastifyReply, home: DownloadsHome): Promise<void> {
  const { dependencies, state, lifetime } = home;
  const { store, identity, grantUsage: usage } = dependencies;
  using connection = lifetime.connection(reply.raw);
  const signal = AbortSignal.any([connection.signal, lifetime.ended]);
  const target = targetOf(request);
  const access: DownloadHome = { store, identity, usage, state };
  const { authorization } = request.headers;
  const { grant } = decodedQuery(request.query);
  const credential = { authorization, grant: typeof grant === "string" ? grant : undefined };
  const downloader = await identifyDownloader(access, credential, signal);
  request.caller = downloader.caller;
  const permission = await permitDownload(access, downloader, target, signal);
  state.records.settle();
  const blob = await openBlob(home, { target, permission }, signal);
  reply.hijack();
  await deliver({ request, response: reply.raw, blob, file: target.rest, permission }, home, signal);
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  /** What follows the name: a byte string. */
  readonly rest: string;
}

const Address = z.object({ namespace: NamespaceName, name: ResourceName });

/** Throws InvalidRequest, ResourceNotFound. */
function targetOf(request: FastifyRequest): Target {
  const params = decodedParams(request.params);
  const address = Address.safeParse(params);
  const rest = params["path"] ?? "";
  if (!address.success || !isSafePath(rest) || rest.endsWith("/"))
    throw new LongshoreError("ResourceNotFound", "there is no download at this address");
  return { ...address.data, rest };
}

async function openBlob(
  { dependencies, state }: DownloadsHome,
  { target, permission }: { readonly target: Target; readonly permission: DownloadPermission },
  signal: AbortSignal,
): Promise<Blob> {
  const { namespace, name, rest } = target;
  const served = await state.opened.open(permission.resource, signal);
  const links = {
    base: `${dependencies.downloadsUrl()}/d/${namespace}/${name}/`,
    grant: permission.grant?.token,
  };
  try {
    return await openDownload(served, { name: parseDownloadName(rest), links }, signal);
  } catch (error) {
    const isOurs = error instanceof LongshoreError && catalogue[error.code].status >= 500;
    throw isOurs ? unnamed(error) : error;
  }
}
