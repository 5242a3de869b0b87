/** Finds out whether the ETags of a bucket are MD5s, which no store promises, by what it says of objects that it is sent. */
import { createHash } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { unquoted } from "./keys.ts";

/** What an answer about an object says; every field is the store's. */
export interface TaggedAnswer {
  readonly ETag?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

export interface Md5Tags {
  /** Looks at the answer to an object that was sent; small ones are enough. */
  learn(payload: Payload, answer: TaggedAnswer): void;
  /** Lower-case hex; undefined where the ETag is no MD5 or nobody knows. */
  md5In(answer: TaggedAnswer): string | undefined;
}

const plainTag = /^[0-9a-f]{32}$/;
const largestExample = 2 ** 20;

export function md5Tags(): Md5Tags {
  let areMd5: boolean | undefined;
  return {
    learn: (payload, answer) => {
      if (areMd5 !== undefined || payload.size === 0 || payload.size > largestExample) return;
      const bytes = payload.open();
      if (bytes instanceof Uint8Array)
        areMd5 = createHash("md5").update(bytes).digest("hex") === tagOf(answer);
    },
    md5In: (answer) => (areMd5 === true ? tagOf(answer) : undefined),
  };
}

/** Of what is encrypted with keys of a service or of the client, a tag is a random one; of many parts it has their number. */
function tagOf({ ETag, ServerSideEncryption, SSECustomerAlgorithm }: TaggedAnswer): string | undefined {
  const isPlain = ServerSideEncryption === undefined || ServerSideEncryption === "AES256";
  const tag = unquoted(ETag);
  return isPlain && SSECustomerAlgorithm === undefined && plainTag.test(tag) ? tag : undefined;
}
