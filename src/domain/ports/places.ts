/** Which places exports may read from and write to, where the home confines them. */
export interface Places {
  /**
   * The place of a source: a path with every symbolic link resolved, or what lies below a prefix of a bucket.
   * Throws PlaceNotAllowed where it lies outside of what is allowed, SourceNotFound where there is no such path,
   * InvalidArgument where it is no location; no bucket is asked.
   */
  source(location: string): Promise<Place>;
  /** The same for a folder of destinations; it need not exist. Throws PlaceNotAllowed, InvalidArgument. */
  destination(location: string): Promise<Place>;
}

/** A place that may be used. */
export interface Place {
  /** As everybody may see it and as records have it; given to `Places` again, it is the same place. */
  readonly location: string;
  /** The whole location, with what only the operator says of how the place is reached; seen by no tenant. */
  readonly reached: string;
}

/** Whole locations by those that everybody may see. */
export type Ways = Readonly<Record<string, string>>;

export const waysTo = (places: readonly Place[]): Ways =>
  Object.fromEntries(places.map(({ location, reached }) => [location, reached]));

/**
 * Asks a place whether exports can be put into it and whether receivers can fetch them from it, where they are sent to it.
 * Takes the whole location. Throws PublicEndpointUnreachable and the errors of its store, in time that is limited.
 */
export type CheckPlace = (reached: string, signal: AbortSignal) => Promise<void>;
