/** Asks for other credentials where the store no longer takes those that it was asked with, though nobody knew that they end. */
import { nameOf } from "./errors.ts";

export interface Renewal {
  /** Says which credentials are used now: a later number is other ones. */
  generation(): number;
  /** Whether the error is a refusal of credentials, and there are others now than there were in that generation. */
  isOver(error: unknown, generation: number): Promise<boolean>;
}

interface Identity {
  readonly accessKeyId: string;
  readonly sessionToken?: string | undefined;
}

/** What the SDK asks for credentials: it keeps what it was given until that says that it ends, or is told to ask again. */
export type CredentialChain = (options?: { readonly forceRefresh: true }) => Promise<Identity>;

const refusals = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
  "InvalidToken",
  "InvalidAccessKeyId",
]);

export function credentialRenewal(chain: CredentialChain): Renewal {
  let generation = 0;
  let renewing: Promise<boolean> | undefined;
  const renew = async (): Promise<boolean> => {
    const before = await chain();
    const after = await chain({ forceRefresh: true });
    const isOther = before.accessKeyId !== after.accessKeyId || before.sessionToken !== after.sessionToken;
    if (isOther) generation++;
    return isOther;
  };
  return {
    generation: () => generation,
    isOver: async (error, before) => {
      if (!refusals.has(nameOf(error))) return false;
      if (generation !== before) return true;
      // Whoever can't give others now leaves those that were refused, which is what is told.
      renewing ??= renew()
        .catch(() => false)
        .finally(() => {
          renewing = undefined;
        });
      return renewing;
    },
  };
}
