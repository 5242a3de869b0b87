/** Opens finished exports for whoever may see what they hold. */
import { LongshoreError } from "../domain/errors.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Drivers } from "../domain/ports/drivers.ts";
import type { Places } from "../domain/ports/places.ts";
import { succeededOf } from "../domain/resources/export-end.ts";
import type { Export } from "../domain/resources/resource.ts";
import { ExportShelf } from "../engine/blob/export-shelf.ts";
import type { ServedExport } from "../engine/blob/served-export.ts";
import { AnswerError } from "./http/answer-error.ts";

export interface OpenedExports {
  /** Throws ExportNotReady, and what opening throws, in words that name no place of this machine. */
  open(resource: Export, signal: AbortSignal): Promise<ServedExport>;
}

export interface OpenedExportsHome {
  readonly drivers: Pick<Drivers, "openDestination" | "format">;
  readonly places: Places;
  readonly clock: Clock;
}

const retryAfter = "5";

export function createOpenedExports({ drivers, places, clock }: OpenedExportsHome): OpenedExports {
  const shelf = new ExportShelf({ drivers, clock });
  return {
    open: async (resource, signal) => {
      const location = readyLocation(resource);
      try {
        // What was allowed once may lead elsewhere now, by a symbolic link that somebody put in its path.
        const place = await places.destination(location);
        if (place.location !== location)
          throw new LongshoreError(
            "PlaceNotAllowed",
            "the export's folder leads elsewhere since it was made",
          );
        return await shelf.open(place.reached, signal);
      } catch (error) {
        throw unnamed(error);
      }
    },
  };
}

function readyLocation(resource: Export): string {
  const { metadata, status } = resource;
  const succeeded = succeededOf(resource);
  const { location } = status ?? {};
  if (succeeded?.status === "True" && location !== undefined) return location;
  const what = `the export ${metadata.namespace}/${metadata.name}`;
  if (succeeded?.status === "False")
    throw new LongshoreError("ExportNotReady", `${what} has failed (${succeeded.reason})`, {
      hint: "ask whoever made the export for another",
    });
  throw new AnswerError("ExportNotReady", `${what} is not finished`, {
    headers: { "Retry-After": retryAfter },
  });
}

/** Errors of the engine say where on this machine something lies, which is nothing to who downloads. */
export function unnamed(error: unknown): unknown {
  if (!(error instanceof LongshoreError) || error instanceof AnswerError) return error;
  return new LongshoreError(error.code, "the prepared data of this export can't be read as it must be", {
    cause: error,
    hint: "ask whoever runs the server to verify it",
  });
}
