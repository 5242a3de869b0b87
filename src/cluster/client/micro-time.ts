/** Milliseconds since 1970 as Kubernetes' MicroTime: RFC 3339 with six digits after the second. */
export const microTime = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/Z$/, "000Z");
