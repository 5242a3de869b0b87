/** The credential of a request. */

/** Longer than any token or grant of ours. */
export const longestCredential = 4096;

/** The token of `Authorization: Bearer` (RFC 6750 section 2.1); undefined where there is none, or it is empty. */
export function bearerOf(authorization: string | undefined): string | undefined {
  const token = /^Bearer[ \t]+([A-Za-z0-9\-._~+/]+=*)[ \t]*$/i.exec(authorization ?? "")?.[1];
  return token === undefined || token.length > longestCredential ? undefined : token;
}
