/** Versions of objects as the API server numbers them: decimal, growing, and comparable within one kind. */

/** Whether `version` is that of `than` or a later one. */
export function isAtLeast(version: string, than: string): boolean {
  if (version.length !== than.length) return version.length > than.length;
  return version >= than;
}
