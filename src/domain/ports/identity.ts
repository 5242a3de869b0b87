/** The port of what knows callers by their credentials. */
import type { Role } from "../permission.ts";

/** Says who calls. API tokens on one machine; TokenReview and OIDC in a cluster. */
export interface Identity {
  /** Undefined where the credential is nobody's. Compared in constant time. */
  authenticate(bearer: string, signal: AbortSignal): Promise<Principal | undefined>;
}

export interface Principal {
  /** For the audit: "token:<name>". */
  readonly actor: string;
  readonly role: Role;
}

/** The API tokens of one machine; their secrets are kept only as digests. */
export interface TokenStore extends Identity {
  /** `secret` is said this once. Throws AlreadyExists. */
  create(request: {
    readonly name: string;
    readonly role: Role;
    readonly expiresAt?: number | undefined;
  }): IssuedToken;
  list(): readonly ApiToken[];
  /** Throws ResourceNotFound. */
  revoke(name: string): void;
}

export interface ApiToken {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt?: string;
}

export interface IssuedToken extends ApiToken {
  readonly secret: string;
}
