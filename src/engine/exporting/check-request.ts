/** An export is what it was asked to be at first: the same name may only ask for the same again. */
import { LongshoreError } from "../../domain/errors.ts";
import { isOwner } from "../../domain/plan.ts";
import { differingOptions, type ExportOptions } from "../../domain/export-options.ts";

export interface ComparedRequest {
  readonly source: string;
  readonly issuer?: string | undefined;
  readonly options: ExportOptions;
}

/** Throws LocationOccupied where the export is not that of the owner who asks; who does not say so may go on with any. */
export function checkOwner(location: string, found: string, asked: string | undefined): void {
  if (asked === undefined || isOwner(asked, found)) return;
  throw new LongshoreError("LocationOccupied", `${location} holds the export of another owner`);
}

/** Throws OptionsDiffer, naming what differs. */
export function checkRequest(location: string, found: ComparedRequest, asked: ComparedRequest): void {
  const differing = [
    ...(found.source === asked.source ? [] : ["SOURCE"]),
    ...differingOptions(found.options, asked.options),
    ...(found.issuer === asked.issuer ? [] : ["--sign-key"]),
  ];
  if (differing.length === 0) return;
  throw new LongshoreError("OptionsDiffer", `${location} was begun with another ${differing.join(", ")}`);
}
