/** The token of a grant: a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037), made and checked. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { decodeProtectedHeader, errors, exportJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { GrantKeys } from "../../domain/ports/grant-keys.ts";

const algorithm = "EdDSA";
const tokenType = "longshore-grant";
const issuer = "longshore";

export interface GrantClaims {
  readonly grantUid: string;
  readonly namespace: string;
  /** Of the export. */
  readonly name: string;
  readonly exportUid: string;
  /** Milliseconds since 1970; cut to whole seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface GrantTokens {
  /** The same claims under the same key give the same token: Ed25519 is deterministic. */
  sign(claims: GrantClaims): Promise<string>;
  /** Throws GrantExpired, and GrantInvalid for everything else that is wrong with it. */
  verify(token: string): Promise<GrantClaims>;
  /** The public keys as a JWK Set (RFC 7517). */
  keySet(): Promise<{ readonly keys: readonly JWK[] }>;
}

const Claims = z.object({
  iss: z.literal(issuer),
  sub: z.string().min(1).max(64),
  exp: z.int().positive(),
  iat: z.int().positive(),
  ns: z.string().min(1).max(63),
  name: z.string().min(1).max(200),
  uid: z.string().min(1).max(64),
});

/** Whether it says of itself that it is one; nothing is checked. */
export function looksLikeGrant(token: string): boolean {
  try {
    return decodeProtectedHeader(token).typ === tokenType;
  } catch {
    return false;
  }
}

export function createGrantTokens(keys: GrantKeys, clock: Clock): GrantTokens {
  const publicKey = cachedKeys(createPublicKey);
  const privateKey = cachedKeys(createPrivateKey);
  return {
    sign: async ({ grantUid, namespace, name, exportUid, issuedAt, expiresAt }) => {
      const { keyId, privateKey: pem } = keys.current();
      keys.keepUntil(keyId, expiresAt);
      return new SignJWT({ ns: namespace, name, uid: exportUid })
        .setProtectedHeader({ alg: algorithm, kid: keyId, typ: tokenType })
        .setIssuer(issuer)
        .setSubject(grantUid)
        .setIssuedAt(seconds(issuedAt))
        .setExpirationTime(seconds(expiresAt))
        .sign(privateKey(keyId, pem));
    },
    verify: async (token) => {
      const keyOf = ({ kid }: { readonly kid?: string }): KeyObject => {
        const pem = kid === undefined ? undefined : keys.publicKeys().get(kid);
        if (kid === undefined || pem === undefined) throw new errors.JWKSNoMatchingKey();
        return publicKey(kid, pem);
      };
      try {
        const { payload } = await jwtVerify(token, keyOf, {
          algorithms: [algorithm],
          typ: tokenType,
          issuer,
          requiredClaims: ["sub", "exp", "iat"],
          currentDate: new Date(clock.now()),
        });
        const { sub, ns, name, uid, iat, exp } = Claims.parse(payload);
        const times = { issuedAt: iat * 1000, expiresAt: exp * 1000 };
        return { grantUid: sub, namespace: ns, name, exportUid: uid, ...times };
      } catch (error) {
        throw refusal(error);
      }
    },
    keySet: async () => ({
      keys: await Promise.all(
        [...keys.publicKeys()].map(async ([kid, pem]) => ({
          ...(await exportJWK(publicKey(kid, pem))),
          kid,
          alg: algorithm,
          use: "sig",
        })),
      ),
    }),
  };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** What the library says of a token may repeat its claims, so only what kind of error it was is kept. */
function refusal(error: unknown): LongshoreError {
  if (error instanceof errors.JWTExpired) return new LongshoreError("GrantExpired", "the grant has expired");
  if (error instanceof errors.JOSEError || error instanceof z.ZodError)
    return new LongshoreError("GrantInvalid", "the grant is not valid");
  throw error;
}

/** Parsing a key costs more than using it; keys are few and never change under their id. */
function cachedKeys(parse: (pem: string) => KeyObject): (keyId: string, pem: string) => KeyObject {
  const parsed = new Map<string, { readonly pem: string; readonly key: KeyObject }>();
  return (keyId, pem) => {
    const known = parsed.get(keyId);
    if (known?.pem === pem) return known.key;
    const key = parse(pem);
    for (const oldest of parsed.keys()) if (parsed.size >= 64) parsed.delete(oldest);
    parsed.set(keyId, { pem, key });
    return key;
  };
}
