/** Credentials by a file of their own, for one location alone, and what happens when they are replaced in the middle. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { openS3Store } from "../../src/drivers/stores/s3.ts";
import { withReplacedCredentials } from "../../src/engine/store-credentials.ts";
import { azureEnv, azureLocation, createContainer } from "../fixtures/azure-containers.ts";
import { bucketLocation, freshPrefix, s3Location, testBucket, textPayload } from "../fixtures/buckets.ts";
import { expectExit, expectOneSentence, longshore, temporaryFolder } from "../fixtures/run.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../servers/azurite.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();

const lines = (keys: Readonly<Record<string, string>>): string =>
  Object.entries(keys)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");

/** The environment of a program that must not find what it needs there. */
const wrong = {
  AWS_ACCESS_KEY_ID: "nobody",
  AWS_SECRET_ACCESS_KEY: "wrong",
  AZURE_STORAGE_KEY: "d3Jvbmc=",
};

suite("a file of credentials for Swift", { skip: missingSwift() }, () => {
  let swift: S3Server;
  const work = temporaryFolder();
  before(async () => {
    swift = await startSwift();
    await swift.createBucket(testBucket);
    mkdirSync(work.join("tree"));
    writeFileSync(work.join("tree/a"), "a");
  });
  after(async () => {
    await swift?.[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  test("is all that an export, its workers and a verify need", async () => {
    const file = work.join("keys");
    writeFileSync(file, lines(swift.env));
    const at = `${s3Location(swift, freshPrefix())}&credentials=${encodeURIComponent(file)}`;
    expectExit(await longshore(["export", work.join("tree"), at, "--name", "x"], { env: wrong }), 0);
    const place = at.replace("?", "/x?");
    expectExit(await longshore(["verify", place], { env: wrong }), 0);
    const denied = await longshore(["verify", place.replace(/&credentials=[^&]*/, "")], { env: wrong });
    expectOneSentence(expectExit(denied, 1));
  });

  test("that is not there, or beside other credentials, is refused before anything is asked", async () => {
    const at = s3Location(swift, "x");
    for (const query of ["credentials=/nowhere/keys", "credentials=/etc/hostname&anonymous=true"]) {
      const result = await longshore(["verify", `${at}&${query}`], { env: wrong });
      expectOneSentence(expectExit(result, 1, 2));
    }
  });

  test("that is replaced is used from then on", async () => {
    const location = bucketLocation(`${s3Location(swift, "x")}&credentials=/from/the/test`);
    let present: Record<string, string> = { ...swift.env };
    const store = withReplacedCredentials({
      read: () => present,
      areSame: (a, b) => a === b,
      open: (environment) => openS3Store(location, environment),
      now: () => 0,
    });
    const key = `${freshPrefix()}/a`;
    await store.put(key, textPayload("first"), signal);
    present = { ...swift.env, AWS_SECRET_ACCESS_KEY: "of yesterday" };
    const stale = withReplacedCredentials({
      read: () => present,
      areSame: (a, b) => a === b,
      open: (environment) => openS3Store(location, environment),
      now: () => 0,
    });
    await assert.rejects(stale.get(key, { offset: 0, length: 1 }, signal), { code: "CredentialsInvalid" });
    present = { ...swift.env };
    const content = await stale.get(key, { offset: 0, length: 9 }, signal);
    assert.ok(typeof content === "object");
    assert.equal(Buffer.concat(await Array.fromAsync(content.bytes)).toString(), "first");
  });
});

suite("a folder of credentials for Azurite", { skip: missingAzurite() }, () => {
  let azurite: AzureServer;
  before(async () => {
    azurite = await startAzurite();
    await createContainer(azurite);
  });
  after(() => azurite?.[Symbol.asyncDispose]());

  test("is all that an export and a verify need", async () => {
    await using work = temporaryFolder();
    for (const folder of ["tree", "secret"]) mkdirSync(work.join(folder));
    writeFileSync(work.join("tree/a"), "a");
    for (const [name, value] of Object.entries(azureEnv(azurite)))
      writeFileSync(work.join(`secret/${name}`), value);
    const at = `${azureLocation(azurite, freshPrefix())}&credentials=${encodeURIComponent(work.join("secret"))}`;
    expectExit(await longshore(["export", work.join("tree"), at, "--name", "x"], { env: wrong }), 0);
    expectExit(await longshore(["verify", at.replace("?", "/x?")], { env: wrong }), 0);
  });
});
