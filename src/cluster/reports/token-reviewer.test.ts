import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../../test/fixtures/manual-clock.ts";
import type { KubeApi } from "../kube-api.ts";
import { type TokenPod, tokenReviewer } from "./token-reviewer.ts";

const { signal } = new AbortController();
const pod: TokenPod = { namespace: "team", name: "worker", uid: "pod-1" };
const everybody = (): boolean => true;

const token = (claims: object, signature = "c2ln"): string =>
  ["{}", JSON.stringify(claims)]
    .map((part) => Buffer.from(part).toString("base64url"))
    .concat(signature)
    .join(".");
const claimsOf = (exp: number, { namespace, name, uid }: TokenPod = pod): object => ({
  exp,
  "kubernetes.io": { namespace, pod: { name, uid } },
});
const reviewed = (over: object = {}, extra: object = {}): object => ({
  status: {
    authenticated: true,
    audiences: ["longshore-report"],
    user: {
      username: "system:serviceaccount:team:default",
      extra: {
        "authentication.kubernetes.io/pod-name": ["worker"],
        "authentication.kubernetes.io/pod-uid": ["pod-1"],
        ...extra,
      },
    },
    ...over,
  },
});

interface Asked {
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
}

function open(answer: (asked: Asked) => unknown) {
  const asked: Asked[] = [];
  const clock = new ManualClock();
  const create = async (_: unknown, review: unknown) => {
    asked.push(review as Asked);
    return answer(review as Asked);
  };
  const api = { create } as unknown as Pick<KubeApi, "create">;
  const hour = clock.now() / 1000 + 3600;
  return { asked, clock, review: tokenReviewer({ api, clock }), hour };
}

const refused: Record<string, object> = {
  "a token that is refused": { status: { user: {}, error: "invalid bearer token" } },
  "one of another audience": reviewed({ audiences: ["https://kubernetes.default.svc"] }),
  "one of an API server that knows no audiences": reviewed({ audiences: undefined }),
  "one of a person": reviewed({ user: { username: "bob", extra: {} } }),
  "one of no pod": reviewed({ user: { username: "system:serviceaccount:team:default" } }),
  "one of two pods": reviewed({}, { "authentication.kubernetes.io/pod-uid": ["pod-1", "pod-2"] }),
  "what is no review": {},
};

describe("a review of tokens", () => {
  for (const [name, answer] of Object.entries(refused))
    test(`knows no pod by ${name}, and asks again the next time`, async () => {
      const { review, asked, hour } = open(() => answer);
      for (let i = 0; i < 2; i++)
        assert.equal(await review(token(claimsOf(hour)), everybody, signal), undefined);
      assert.equal(asked.length, 2);
    });

  test("asks for the one audience, and believes the answer until shortly before the token ends", async () => {
    const { review, asked, clock } = open(() => reviewed());
    const short = token(claimsOf(clock.now() / 1000 + 90));
    for (let i = 0; i < 3; i++) assert.deepEqual(await review(short, everybody, signal), pod);
    assert.deepEqual(
      asked.map(({ spec }) => spec),
      [{ token: short, audiences: ["longshore-report"] }],
    );
    clock.advance(60_000);
    await review(short, everybody, signal);
    assert.equal(asked.length, 2);
  });

  test("believes no token for longer than ten minutes, whatever it says of its end", async () => {
    const { review, asked, clock } = open(() => reviewed());
    const endless = token(claimsOf(1e12));
    await review(endless, everybody, signal);
    clock.advance(599_000);
    await review(endless, everybody, signal);
    assert.equal(asked.length, 1);
    clock.advance(1000);
    await review(endless, everybody, signal);
    assert.equal(asked.length, 2);
  });

  test("asks nothing about what does not claim to be of a pod that is known", async () => {
    const { review, asked, hour } = open(() => reviewed());
    const unknown = (claimed: TokenPod): boolean => claimed.uid !== "pod-1";
    const pointless = [
      ["", everybody],
      ["abc", everybody],
      ["a.b.c", everybody],
      [token({ exp: hour }), everybody],
      [token(claimsOf(hour)) + "x".repeat(9000), everybody],
      [token(claimsOf(hour)), unknown],
    ] as const;
    for (const [text, isKnown] of pointless) assert.equal(await review(text, isKnown, signal), undefined);
    assert.equal(asked.length, 0);
  });

  test("believes the API server, not the token, of which pod it is; and not one that is gone since", async () => {
    const { review, hour } = open(() => reviewed());
    const lying = token(claimsOf(hour, { ...pod, uid: "pod-2" }));
    const isSecond = ({ uid }: TokenPod): boolean => uid === "pod-2";
    assert.equal(await review(lying, isSecond, signal), undefined);
    assert.deepEqual(await review(lying, everybody, signal), pod);
    assert.equal(await review(lying, () => false, signal), undefined);
  });

  test("asks about a few tokens at the same time, and remembers a bounded number", async () => {
    const held = Promise.withResolvers<void>();
    const { review, asked, hour } = open(() => held.promise.then(() => reviewed()));
    const nth = (i: number): string => token(claimsOf(hour), Buffer.from(`${i}`).toString("base64url"));
    const eight = Array.from({ length: 8 }, (_, i) => review(nth(i), everybody, signal));
    await assert.rejects(review(nth(8), everybody, signal), { code: "TooManyRequests" });
    held.resolve();
    await Promise.all(eight);
    for (let i = 8; i < 4200; i++) await review(nth(i), everybody, signal);
    assert.equal(asked.length, 4200);
    await review(nth(4199), everybody, signal);
    assert.equal(asked.length, 4200);
    await review(nth(0), everybody, signal);
    assert.equal(asked.length, 4201, "the oldest was forgotten");
  });
});
