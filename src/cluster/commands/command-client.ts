/**
 * A cluster behind the commands that a server is behind, too: what they ask of a server's REST interface, asked of the API
 * server, as the person of the kubeconfig. Roles, policies and quotas of the cluster decide; nothing is decided here.
 */
import { LongshoreError } from "../../domain/errors.ts";
import type { ResourceKey } from "../../domain/ports/export-store.ts";
import { refuseTooLate } from "../../domain/resources/export-end.ts";
import type { DownloadGrant, Export } from "../../domain/resources/resource.ts";
import { type Documents, documentsOf, type ListQuery } from "./documents.ts";
import { type ChangesHome, documentChanges } from "./object-changes.ts";
import { patientApi } from "./patient-api.ts";
import { recordedEvents } from "./recorded-events.ts";
import { followWorkerLogs, readWorkerLogs } from "./worker-logs.ts";

export interface CommandHome extends ChangesHome {
  /** The API server's address, for messages. */
  readonly server: string;
  /** A part of a name that nobody has yet: lower-case letters and digits. */
  readonly newSuffix: () => string;
}

/** Nothing of it needs closing but the API. */
export function commandClient(given: CommandHome) {
  const { server, pause, random } = given;
  const home: CommandHome = { ...given, api: patientApi(given.api, { server, pause, random }) };
  return {
    exports: exportCalls(home),
    grants: grantCalls(home),
    destinations: documentsOf(home, "ExportDestination"),
    tokens: {
      list: () => refuse(noTokens),
      create: () => refuse(noTokens),
      delete: () => refuse(noTokens),
    },
    audit: () => refuse(noAudit),
    workerLogs: {
      read: readWorkerLogs.bind(undefined, home),
      follow: followWorkerLogs.bind(undefined, home),
    },
    recordedEvents: recordedEvents.bind(undefined, home.api),
  };
}

const noTokens = [
  "a cluster has no tokens of Longshore",
  "use its own: `kubectl create token SERVICEACCOUNT`",
];
const noAudit = [
  "a cluster has no audit of Longshore",
  "look into the audit log of its API server, and `describe` shows an export's Events",
];
const noFiles = [
  "what an export holds is not listed by a cluster",
  "use `longshore ls LOCATION` where its volume or bucket can be reached; `describe` says the location",
];

const refuse = ([message = "", hint = ""]: readonly string[]): Promise<never> =>
  Promise.reject(new LongshoreError("InvalidArgument", message, { hint }));

function exportCalls(home: CommandHome) {
  const documents = documentsOf(home, "Export");
  return {
    ...documents,
    cancel: async (key: ResourceKey, signal: AbortSignal): Promise<Export> => {
      refuseTooLate(await documents.get(key, signal));
      return documents.patch(key, { spec: { cancel: true } }, signal);
    },
    delete: async (
      { deletionPolicy, ...key }: ResourceKey & { readonly deletionPolicy?: "Delete" | "Retain" | undefined },
      signal: AbortSignal,
    ): Promise<Export> => {
      if (deletionPolicy !== undefined) await documents.patch(key, { spec: { deletionPolicy } }, signal);
      return documents.delete(key, signal);
    },
    events: async function* (
      {
        lastEventId,
        ...query
      }: { namespace: string; name?: string | undefined; lastEventId?: string | undefined },
      signal: AbortSignal,
    ) {
      const changes = documentChanges(home, "Export", { ...query, since: lastEventId }, signal);
      for await (const { type, object } of changes)
        yield { type, id: object.metadata.resourceVersion, object };
    },
    files: () => refuse(noFiles),
  };
}

interface GrantWish {
  readonly [member: string]: unknown;
}

function grantCalls(home: CommandHome) {
  const documents = documentsOf(home, "DownloadGrant");
  return {
    ...documents,
    pages: (query: ListQuery & { readonly export?: string | undefined }, signal: AbortSignal) =>
      ofExport(documents, query, signal),
    create: (
      { namespace, name }: ResourceKey,
      request: GrantWish,
      options: { readonly dryRun?: boolean | undefined },
      signal: AbortSignal,
    ): Promise<DownloadGrant> => {
      const document = {
        metadata: { name: `${name.slice(0, longestStem)}-${home.newSuffix()}` },
        spec: { exportRef: { name }, ...request },
      };
      return documents.create(namespace, document, options, signal);
    },
  };
}

/** Of a name's 200 characters. */
const longestStem = 180;

async function* ofExport(
  documents: Documents<"DownloadGrant">,
  { export: name, ...query }: ListQuery & { readonly export?: string | undefined },
  signal: AbortSignal,
) {
  for await (const page of documents.pages(query, signal))
    yield name === undefined
      ? page
      : { ...page, items: page.items.filter(({ spec }) => spec.exportRef.name === name) };
}
