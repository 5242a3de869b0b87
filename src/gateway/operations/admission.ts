/** What is checked of a new resource besides its schema: places on this machine, and what only the server may say. */
import type { NewResource } from "../../domain/ports/export-store.ts";
import { requestAnnotation } from "../../domain/ports/idempotency.ts";
import type { Places } from "../../domain/ports/places.ts";
import type { ExportDestinationSpec } from "../../domain/resources/export-destination.ts";
import type { ExportSpec } from "../../domain/resources/export.ts";
import type { ObjectMetaInput } from "../../domain/resources/object-meta.ts";
import { apiVersion, type Kind, type Resources } from "../../domain/resources/resource.ts";
import { invalidMember } from "../http/validation.ts";

/** Throws PlaceNotAllowed, SourceNotFound. */
export async function checkExportPlaces(places: Places, spec: ExportSpec): Promise<void> {
  const { source, destination } = spec;
  if (source.directory !== undefined) await places.source(source.directory.path);
  if (destination.directory !== undefined) await places.destination(destination.directory.path);
}

/** Throws PlaceNotAllowed. */
export async function checkDestinationPlaces(places: Places, spec: ExportDestinationSpec): Promise<void> {
  if (spec.directory !== undefined) await places.destination(spec.directory.path);
}

export interface Wish<K extends Kind> {
  readonly kind: K;
  readonly namespace: string;
  readonly metadata: ObjectMetaInput;
  readonly spec: Resources[K]["spec"];
  readonly requestId: string | undefined;
}

/** The resource as the store takes it: of the metadata, what a person may choose. Throws InvalidDocument. */
export function newResource<K extends Kind>(wish: Wish<K>): NewResource<K> {
  const { kind, namespace, metadata, spec, requestId } = wish;
  if (metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw invalidMember("the document", ["metadata", "namespace"], "is not that of the address");
  const { labels } = metadata;
  const annotations = {
    ...withoutReserved(metadata.annotations),
    ...(requestId === undefined ? undefined : { [requestAnnotation]: requestId }),
  };
  const chosen = {
    name: metadata.name,
    namespace,
    annotations,
    ...(labels === undefined ? undefined : { labels }),
  };
  return { apiVersion, kind, metadata: chosen, spec } as unknown as NewResource<K>;
}

/** Without what only the server may say: it stands in a document that was read before, and means another one. */
function withoutReserved(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const { [requestAnnotation]: _reserved, ...others } = annotations ?? {};
  return others;
}
