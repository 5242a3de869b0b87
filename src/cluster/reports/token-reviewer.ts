/** Which pod a token was given to, as the API server says. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { KubeApi, KubeObject, KubeResource } from "../kube-api.ts";
import { reportAudience } from "./worker-report.ts";

export interface TokenPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Undefined where the token is none of a pod's for reports, or of a pod that `isKnown` does not know. Throws TooManyRequests where too
 * many are being asked about, and what KubeApi throws.
 */
export type ReviewToken = (
  token: string,
  isKnown: (pod: TokenPod) => boolean,
  signal: AbortSignal,
) => Promise<TokenPod | undefined>;

export interface TokenReviewerOptions {
  readonly api: Pick<KubeApi, "create">;
  readonly clock: Clock;
}

const tokenReviews: KubeResource = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
};

/** Milliseconds before its end in which a token is asked about again. */
const margin = 30_000;
/** Milliseconds for which an answer is believed. A pod that is gone meanwhile is not known any more. */
const longestBelief = 600_000;
const mostRemembered = 4096;
/** Questions to the API server at the same time. */
const mostAtOnce = 8;
const longestToken = 8192;

export function tokenReviewer({ api, clock }: TokenReviewerOptions): ReviewToken {
  /** By the SHA-256 of the token, so that none lies in memory for longer than it takes to ask. */
  const believed = new Map<string, { readonly pod: TokenPod; readonly until: number }>();
  let asking = 0;

  return async (token, isKnown, signal) => {
    signal.throwIfAborted();
    const claims = claimsOf(token);
    // Nobody has proved yet what it says; but what does not even claim to be one of ours costs the API server nothing.
    if (claims === undefined || !isKnown(claims.pod)) return undefined;
    const digest = createHash("sha256").update(token).digest("base64");
    const known = believed.get(digest);
    if (known !== undefined && clock.now() < known.until) return known.pod;
    const pod = await ask(token, signal);
    if (pod === undefined || !isKnown(pod)) return undefined;
    remember(digest, pod, Math.min(claims.expires - margin, clock.now() + longestBelief));
    return pod;
  };

  async function ask(token: string, signal: AbortSignal): Promise<TokenPod | undefined> {
    if (asking >= mostAtOnce)
      throw new LongshoreError("TooManyRequests", "too many tokens are being reviewed");
    asking++;
    try {
      const review: KubeObject & { readonly spec: object } = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        metadata: { name: "" },
        spec: { token, audiences: [reportAudience] },
      };
      return podOf(await api.create(tokenReviews, review, {}, signal));
    } finally {
      asking--;
    }
  }

  function remember(digest: string, pod: TokenPod, until: number): void {
    believed.delete(digest);
    believed.set(digest, { pod, until });
    const [first] = believed.keys();
    if (believed.size > mostRemembered && first !== undefined) believed.delete(first);
  }
}

const one = z.tuple([z.string().min(1)]);
const podName = "authentication.kubernetes.io/pod-name";
const podUid = "authentication.kubernetes.io/pod-uid";

const Reviewed = z.object({
  status: z.object({
    authenticated: z.literal(true),
    // An API server that knows no audiences says none: then the token may be for anything.
    audiences: z.array(z.string()).refine((audiences) => audiences.includes(reportAudience)),
    user: z.object({
      username: z.string().regex(/^system:serviceaccount:[^:]+:[^:]+$/),
      extra: z.object({ [podName]: one, [podUid]: one }),
    }),
  }),
});

function podOf(review: unknown): TokenPod | undefined {
  const { data } = Reviewed.safeParse(review);
  if (data === undefined) return undefined;
  const { username, extra } = data.status.user;
  const [, , namespace = ""] = username.split(":");
  return { namespace, name: extra[podName][0], uid: extra[podUid][0] };
}

const Claims = z.object({
  exp: z.number(),
  "kubernetes.io": z.object({
    namespace: z.string(),
    pod: z.object({ name: z.string(), uid: z.string() }),
  }),
});

/** What a token of a pod says of itself (RFC 7519), unproved; undefined where it is none. */
function claimsOf(token: string): { readonly pod: TokenPod; readonly expires: number } | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token.slice(0, longestToken + 1))?.[1];
  if (payload === undefined || token.length > longestToken) return undefined;
  const { data } = Claims.safeParse(jsonOf(payload));
  if (data === undefined) return undefined;
  const { namespace, pod } = data["kubernetes.io"];
  return { pod: { namespace, name: pod.name, uid: pod.uid }, expires: data.exp * 1000 };
}

function jsonOf(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString());
  } catch {
    return undefined;
  }
}
