/** Time as an argument, so that tests choose it. */
export interface Clock {
  /** Milliseconds since 1970, as Date.now. */
  now(): number;
}
