/** What is checked of a new resource besides its schema: places on this machine, and what only the server may say. */
import type { NewResource, ResourceKey } from "../../domain/ports/export-store.ts";
import { requestAnnotation } from "../../domain/ports/idempotency.ts";
import type { Places } from "../../domain/ports/places.ts";
import type { ExportDestinationSpec } from "../../domain/resources/export-destination.ts";
import type { ExportSpec } from "../../domain/resources/export.ts";
import type { ObjectMetaInput } from "../../domain/resources/object-meta.ts";
import { exportLocation, locationOf } from "../../domain/resources/place-location.ts";
import { apiVersion, type Kind, type Resources } from "../../domain/resources/resource.ts";
import { invalidMember } from "../http/validation.ts";

/** Throws PlaceNotAllowed, SourceNotFound, and InvalidArgument where the export's own place would have too long a name. */
export async function checkExportPlaces(
  places: Places,
  { source, destination }: ExportSpec,
  key: ResourceKey,
): Promise<void> {
  const [from, to] = [locationOf(source, key), locationOf(destination, key)];
  if (from !== undefined) await places.source(from);
  if (to === undefined) return;
  await places.destination(to);
  await places.destination(exportLocation(to, key));
}

/** Throws PlaceNotAllowed. */
export async function checkDestinationPlaces(
  places: Places,
  spec: ExportDestinationSpec,
  key: Pick<ResourceKey, "namespace">,
): Promise<void> {
  const location = locationOf(spec, key);
  if (location !== undefined) await places.destination(location);
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
