/** DownloadGrants: hand an export to somebody, see to whom, take it back. */
import { z } from "zod";
import { CreatedGrant, DownloadGrantList, DownloadGrantPatch } from "../../api/documents.ts";
import { routePath, routes } from "../../api/routes.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { GrantRequest } from "../../domain/resources/download-grant.ts";
import { NamespaceName, ResourceName } from "../../domain/resources/names.ts";
import { DownloadGrant } from "../../domain/resources/resource.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { jsonType, mergePatchType } from "../http/body.ts";
import { etagOf } from "../http/etag.ts";
import type { GatewayState } from "../state.ts";
import { createGrant, withUrl } from "./create-grant.ts";
import { grantChanges } from "./grant-changes.ts";
import { withUsage } from "./grant-usage.ts";
import { type Answer, type Operation, operation } from "./operation.ts";
import { inNamespace, named, none, pageQuery } from "./parameters.ts";
import { documentAnswer, existing, listAnswer } from "./resources.ts";

const kind = "DownloadGrant";
const tag = "Grants";
const one = {
  description: "The DownloadGrant.",
  schema: DownloadGrant,
  name: kind,
  headers: ["ETag"],
} as const;
const list = {
  status: 200,
  description: "A page of DownloadGrants.",
  schema: DownloadGrantList,
  name: "DownloadGrantList",
} as const;

export function grantOperations(
  dependencies: GatewayDependencies,
  state: GatewayState,
): readonly Operation[] {
  const { store, grantUsage } = dependencies;
  const home = { dependencies, state };
  const show = (grant: DownloadGrant): DownloadGrant => withUsage(grant, grantUsage);
  const created = async (grant: DownloadGrant, signal: AbortSignal): Promise<Answer> => {
    const { namespace, name, uid, resourceVersion } = grant.metadata;
    const of = await existing(store, "Export", { namespace, name: grant.spec.exportRef.name }, signal);
    return {
      status: 201,
      headers: {
        Location: routePath("grant", { namespace, grant: name }),
        ETag: etagOf(resourceVersion),
      },
      body: await withUrl(home, grant, of),
      kept: grant,
      record: { action: "issue", kind, namespace, name, uid },
    };
  };
  return [
    operation({
      id: "createGrant",
      method: "POST",
      path: routes.exportGrants,
      tag,
      kind,
      verb: "write",
      params: named,
      query: none,
      idempotent: true,
      summary: "Hand an export to somebody",
      description: "The answer has the URL to give away, this once.",
      body: { schema: GrantRequest, name: "GrantRequest", mediaTypes: [jsonType], optional: true },
      answer: {
        status: 201,
        description: "The DownloadGrant, and the URL that downloads with it.",
        schema: CreatedGrant,
        name: "CreatedGrant",
        headers: ["Location", "ETag"],
      },
      perform: async ({ params, body, requestId }, signal) => {
        const of = await existing(store, "Export", params, signal);
        if (of.metadata.deletionTimestamp !== undefined)
          throw new LongshoreError("Conflict", `the export ${of.metadata.name} is being deleted`, {
            hint: "grant another export",
          });
        return created(await createGrant(home, { of, request: body, requestId }, signal), signal);
      },
      replay: async ({ body }, signal) => {
        const { metadata } = DownloadGrant.parse(JSON.parse(body));
        const grant = await store.get(kind, metadata, signal);
        if (grant?.metadata.uid !== metadata.uid)
          throw new LongshoreError(
            "ResourceNotFound",
            "the grant that was made with this Idempotency-Key is gone",
          );
        return created(grant, signal);
      },
    }),
    operation({
      id: "listGrants",
      method: "GET",
      path: routes.grants,
      tag,
      kind,
      verb: "read",
      params: inNamespace,
      query: pageQuery,
      errors: ["InvalidArgument"],
      summary: "List the grants of a namespace",
      answer: list,
      perform: async ({ params: { namespace }, query }, signal) =>
        listAnswer(store, { kind, namespace, page: query, show }, signal),
    }),
    operation({
      id: "listExportGrants",
      method: "GET",
      path: routes.exportGrants,
      tag,
      kind,
      verb: "read",
      params: named,
      query: pageQuery,
      errors: ["InvalidArgument"],
      summary: "List the grants of an export",
      answer: list,
      perform: async ({ params: { namespace, name }, query }, signal) => {
        await existing(store, "Export", { namespace, name }, signal);
        const isShown = ({ spec }: DownloadGrant): boolean => spec.exportRef.name === name;
        return listAnswer(store, { kind, namespace, page: query, isShown, show }, signal);
      },
    }),
    ...oneGrant(dependencies, state, { path: routes.grant, params: grantNamed, suffix: "Grant" }),
    ...oneGrant(dependencies, state, {
      path: routes.exportGrant,
      params: exportGrantNamed,
      suffix: "ExportGrant",
    }),
  ];
}

const grantNamed = z.strictObject({ namespace: NamespaceName, grant: ResourceName });
const exportGrantNamed = z.strictObject({ ...named.shape, grant: ResourceName });

interface GrantAddress {
  readonly path: string;
  readonly params: typeof grantNamed | typeof exportGrantNamed;
  readonly suffix: string;
}

/** What is done with one grant, at either of its addresses. */
function oneGrant(
  dependencies: GatewayDependencies,
  state: GatewayState,
  { path, params, suffix }: GrantAddress,
): readonly Operation[] {
  const { store, grantUsage } = dependencies;
  const changes = grantChanges(dependencies, state);
  return [
    operation({
      id: `get${suffix}`,
      method: "GET",
      path,
      tag,
      kind,
      verb: "read",
      params,
      query: none,
      summary: "Read a grant",
      answer: { ...one, status: 200 },
      perform: async ({ params: key }, signal) => {
        const grant = await existing(store, kind, { namespace: key.namespace, name: key.grant }, signal);
        checkExport(grant, key);
        // Never "not modified": what was downloaded with it changes without a new version.
        return documentAnswer(withUsage(grant, grantUsage), {});
      },
    }),
    operation({
      id: `patch${suffix}`,
      method: "PATCH",
      path,
      tag,
      kind,
      verb: "write",
      params,
      query: none,
      summary: "Revoke or describe a grant",
      description:
        "A JSON Merge Patch (RFC 7396). What was revoked stays revoked, and its downloads end at once.",
      body: { schema: DownloadGrantPatch, name: "DownloadGrantPatch", mediaTypes: patchTypes },
      headers: [{ name: "If-Match", description: "Change it only if its ETag is still this one." }],
      answer: { ...one, status: 200 },
      errors: ["PreconditionFailed", "Conflict"],
      perform: async ({ params: key, body, headers }, signal) =>
        changes.patch(
          {
            namespace: key.namespace,
            name: key.grant,
            ifMatch: headers["if-match"],
            patch: body,
            check: (grant) => checkExport(grant, key),
          },
          signal,
        ),
    }),
    operation({
      id: `delete${suffix}`,
      method: "DELETE",
      path,
      tag,
      kind,
      verb: "write",
      params,
      query: none,
      errors: ["Conflict"],
      summary: "Delete a grant; its downloads end at once",
      answer: { ...one, status: 200 },
      perform: async ({ params: key }, signal) =>
        changes.delete(
          { namespace: key.namespace, name: key.grant, check: (grant) => checkExport(grant, key) },
          signal,
        ),
    }),
  ];
}

const patchTypes = [mergePatchType, jsonType];

/** Throws ResourceNotFound where the address names another export than the grant's. */
function checkExport({ metadata, spec }: DownloadGrant, key: z.infer<GrantAddress["params"]>): void {
  if ("name" in key && key.name !== spec.exportRef.name)
    throw new LongshoreError(
      "ResourceNotFound",
      `there is no DownloadGrant ${metadata.namespace}/${metadata.name} of the export ${key.name}`,
    );
}
