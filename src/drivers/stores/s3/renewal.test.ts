import assert from "node:assert/strict";
import { test } from "node:test";
import { type CredentialChain, credentialRenewal } from "./renewal.ts";

const refused = Object.assign(new Error("x"), { name: "ExpiredToken" });

/** Gives the next of these when it is told to ask again. */
function chainOf(...tokens: string[]) {
  let asked = 0;
  const chain: CredentialChain = async (options) => {
    if (options?.forceRefresh === true) {
      asked++;
      if (tokens.length > 1) tokens.shift();
    }
    return { accessKeyId: "id", sessionToken: tokens[0] };
  };
  return { chain, asked: () => asked };
}

test("credentials that end are over once there are others, for all that were asked with them", async () => {
  const { chain, asked } = chainOf("a", "b");
  const renewal = credentialRenewal(chain);
  const generation = renewal.generation();
  const both = [renewal.isOver(refused, generation), renewal.isOver(refused, generation)];
  assert.deepEqual(await Promise.all(both), [true, true]);
  assert.equal(await renewal.isOver(refused, generation), true);
  assert.equal(asked(), 1);
  assert.equal(await renewal.isOver(refused, renewal.generation()), false, "there are no third ones");
});

test("the same credentials again are no others, and another error is none of credentials", async () => {
  const { chain, asked } = chainOf("a");
  const renewal = credentialRenewal(chain);
  assert.equal(await renewal.isOver(new Error("x"), 0), false);
  assert.equal(asked(), 0);
  assert.equal(await renewal.isOver(refused, 0), false);
});

test("a chain that fails leaves the error that there was", async () => {
  const renewal = credentialRenewal(() => Promise.reject(new Error("no chain")));
  assert.equal(await renewal.isOver(refused, 0), false);
});
