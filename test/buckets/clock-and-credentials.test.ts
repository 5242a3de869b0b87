/** A machine whose clock is wrong, and credentials that end while an export goes on and that can be had anew. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { freshPrefix } from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import {
  expectExit,
  expectOneSentence,
  longshoreProgram,
  missingProgram,
  run,
  temporaryFolder,
} from "../fixtures/run.ts";
import { startFaultProxy } from "../servers/fault-proxy.ts";
import { azureError, s3Error } from "./store-answers.ts";
import {
  azurite,
  expectSame,
  leftOvers,
  type MadeExport,
  madeExport,
  type RunningStore,
  swift,
} from "./stores.ts";

const { signal } = new AbortController();
const args = "--name x --part-size 8Mi --workers 2".split(" ");

suite("an export into Swift", { skip: swift.missing() }, () => {
  const folder = temporaryFolder();
  const source = folder.join("source");
  let store: RunningStore;
  let undisturbed: MadeExport;

  before(async () => {
    store = await swift.start();
    mkdirSync(source);
    writeFileSync(`${source}/big`, mixedBytes(24 * 2 ** 20, "big"));
    const prefix = freshPrefix();
    await exportTree([source, store.location(prefix), ...args], [0], { env: store.env() });
    undisturbed = await madeExport(store, `${prefix}/x`);
  });
  after(async () => {
    await store?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  test(
    "of a machine whose clock is an hour ahead says so",
    { skip: missingProgram("faketime") },
    async () => {
      const words = ["-f", "+1h", longshoreProgram, "export", source, store.location(freshPrefix()), ...args];
      const said = expectOneSentence(expectExit(await run("faketime", words, { env: store.env() }), 1));
      assert.match(
        said,
        /s3:\/\/exports refuses the request: this machine's clock is wrong .*: set the clock of this machine$/,
      );
    },
  );

  test("goes on with the credentials that its chain gives next, where the first ones end", async (t) => {
    const prefix = freshPrefix();
    const counter = folder.join("count");
    const { AWS_ACCESS_KEY_ID: id = "", AWS_SECRET_ACCESS_KEY: secret = "", ...env } = store.env();
    writeFileSync(
      folder.join("credentials.sh"),
      `echo >>'${counter}'\n` +
        `printf '{"Version":1,"AccessKeyId":"${id}","SecretAccessKey":"${secret}","SessionToken":"token-%s"}' $$\n`,
    );
    writeFileSync(
      folder.join("config"),
      `[default]\ncredential_process = sh ${folder.join("credentials.sh")}\n`,
    );
    const seen = new Set<unknown>();
    let [requests, refused] = [0, 0];
    await using proxy = await startFaultProxy(store.origin, ({ headers }) => {
      const token = headers["x-amz-security-token"];
      if (++requests <= 25) seen.add(token);
      else if (seen.has(token)) {
        refused++;
        return s3Error(400, "ExpiredToken", "The provided token has expired.");
      }
      return { how: "pass" };
    });
    await exportTree([source, store.location(prefix, proxy.origin), ...args], [0], {
      env: {
        ...env,
        AWS_ACCESS_KEY_ID: "",
        AWS_SECRET_ACCESS_KEY: "",
        AWS_CONFIG_FILE: folder.join("config"),
      },
    });
    t.diagnostic(`${seen.size} tokens ended, ${refused} requests refused`);
    assert.ok(refused > 0);
    assert.ok(readFileSync(counter, "utf8").length > seen.size, "others were asked for");
    await expectSame(store, `${prefix}/x`, undisturbed);
    assert.deepEqual(await leftOvers(store, prefix), []);
  });

  test("ends what an earlier one left, though the answer to that is lost", async () => {
    const prefix = freshPrefix();
    await store.store.multipart?.begin(`${prefix}/x/x.tar.zst`, "application/zstd", signal);
    let losses = 0;
    await using proxy = await startFaultProxy(store.origin, (request) =>
      swift.operationOf(request) === "AbortMultipartUpload" && ++losses <= 2
        ? { how: "lose" }
        : { how: "pass" },
    );
    await exportTree([source, store.location(prefix, proxy.origin), ...args], [0], { env: store.env() });
    assert.ok(losses > 0);
    await expectSame(store, `${prefix}/x`, undisturbed);
    assert.deepEqual(await leftOvers(store, prefix), []);
  });
});

suite("an export into Azurite", { skip: azurite.missing() }, () => {
  test(
    "of a machine whose clock is an hour ahead says so",
    { skip: missingProgram("faketime") },
    async () => {
      await using store = await azurite.start();
      await using source = temporaryFolder();
      // The emulator does not look at the time; Azure answers so, and says its own.
      await using proxy = await startFaultProxy(store.origin, () =>
        azureError(403, "AuthenticationFailed", "Server failed to authenticate the request.", {
          date: new Date().toUTCString(),
        }),
      );
      const location = store.location(freshPrefix(), proxy.origin);
      const words = ["-f", "+1h", longshoreProgram, "export", source.path, location, ...args];
      const said = expectOneSentence(expectExit(await run("faketime", words, { env: store.env() }), 1));
      assert.match(
        said,
        /az:\/\/exports refuses the request: this machine's clock is wrong .*: set the clock of this machine$/,
      );
    },
  );
});
