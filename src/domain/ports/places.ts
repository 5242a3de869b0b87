/** Which places exports may read from and write to, where the home confines them. */
export interface Places {
  /**
   * The location of a source as the engine takes it, every symbolic link resolved.
   * Throws PlaceNotAllowed where it lies outside of what is allowed, SourceNotFound where there is none.
   */
  source(path: string): Promise<string>;
  /** The same for a folder of destinations; it need not exist. Throws PlaceNotAllowed. */
  destination(path: string): Promise<string>;
}
