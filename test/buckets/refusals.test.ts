/** What stores refuse, and what stands in the way to them: one sentence each, which says what to do next and no secret. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { freshPrefix } from "../fixtures/buckets.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { makeAuthority, type PrivateAuthority } from "../fixtures/private-authority.ts";
import {
  expectExit,
  expectOneSentence,
  longshore,
  missingProgram,
  temporaryFolder,
} from "../fixtures/run.ts";
import { startFaultProxy } from "../servers/fault-proxy.ts";
import { refusalsOf } from "./store-refusals.ts";
import { type RunningStore, storeKinds } from "./stores.ts";

for (const kind of storeKinds) {
  suite(`${kind.server} or the way to it`, { skip: kind.missing(), concurrency: 3 }, () => {
    const folder = temporaryFolder();
    const source = folder.join("source");
    let store: RunningStore;
    let authority: PrivateAuthority | undefined;

    before(async () => {
      store = await kind.start();
      mkdirSync(source);
      for (let i = 0; i < 3; i++) writeFileSync(`${source}/${i}`, mixedBytes(2_000_000, `${i}`));
      if (missingProgram("openssl") === false) authority = await makeAuthority(folder.path);
    });
    after(async () => {
      await store?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    /** The line of standard error, with what differs from run to run by its name. */
    async function refused(location: string, env: Record<string, string>): Promise<string> {
      const args = ["export", source, location, "--name", "x"];
      const result = await longshore(args, { env: { ...store.env(), ...env } });
      const said = expectOneSentence(expectExit(result, 1));
      for (const secret of store.secrets) assert.ok(!said.includes(secret), `${secret} in ${said}`);
      return said.replace(/^longshore: /, "").replaceAll(/test-[\w-]{36}\/gr\u00fc\u00dfe\/x\/[^)]*/g, "KEY");
    }

    for (const { what, changed, env, line, says, orSays } of refusalsOf(kind))
      test(what, async () => {
        await using proxy = line === undefined ? undefined : await startFaultProxy(store.origin, line);
        const location = store.location(freshPrefix(), proxy?.origin);
        const environment = { ...store.env(proxy?.origin), ...env?.(store) };
        const said = await refused(changed?.(location) ?? location, environment);
        assert.equal(said, said === orSays ? orSays : says);
      });

    test(
      "an authority of one's own, unless its file is named",
      { skip: missingProgram("openssl") },
      async () => {
        const { certificate, bundle } = authority ?? assert.fail();
        await using proxy = await startFaultProxy(store.origin, () => ({ how: "pass" }), { certificate });
        const prefix = freshPrefix();
        const location = store.location(prefix, proxy.origin);
        assert.equal(
          await refused(location, store.env(proxy.origin)),
          `${kind.scheme}://exports has a certificate that is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE) (at KEY): ` +
            "name the file of the authority's certificate: ?caBundle=FILE",
        );
        const args = ["export", source, `${location}&caBundle=${bundle}`, "--name", "x"];
        expectExit(await longshore(args, { env: store.env(proxy.origin) }), 0);
        expectExit(await longshore(["verify", store.location(`${prefix}/x`)], { env: store.env() }), 0);
      },
    );

    test("http to https", { skip: missingProgram("openssl") }, async () => {
      const { certificate } = authority ?? assert.fail();
      await using proxy = await startFaultProxy(store.origin, () => ({ how: "pass" }), { certificate });
      const plain = proxy.origin.replace("https:", "http:");
      assert.equal(
        await refused(store.location(freshPrefix(), plain), store.env(plain)),
        `${kind.scheme}://exports broke the connection (at KEY): ` +
          "check the network and the endpoint (http:// is another than https://), then run the same command again",
      );
    });
  });
}
