/** Azure's driver against a server that speaks its API: as destination, as source, and what blocks and lists have of their own. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import {
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { testDestination } from "../../../test/conformance/destination.ts";
import { testObjectStore } from "../../../test/conformance/object-store.ts";
import { testSource } from "../../../test/conformance/source.ts";
import {
  azureBucket,
  azureEnv,
  azureLocation,
  createContainer,
  openAzure,
  openAzureDestination,
} from "../../../test/fixtures/azure-containers.ts";
import { bucketLocation, freshPrefix, openSourceIn, textPayload } from "../../../test/fixtures/buckets.ts";
import { startFaultProxy } from "../../../test/servers/fault-proxy.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../../../test/servers/azurite.ts";
import type { ObjectStore } from "../../domain/ports/object-store.ts";
import { openAzureStore } from "./azure.ts";

let azurite: AzureServer;
let container: ContainerClient;
const skip = missingAzurite();
const { signal } = new AbortController();

before(async () => {
  if (skip !== false) return;
  azurite = await startAzurite();
  container = await createContainer(azurite);
});
after(() => azurite?.[Symbol.asyncDispose]());

testObjectStore(
  "az at Azurite",
  () => {
    const prefix = freshPrefix();
    return Promise.resolve({
      store: openAzure(azurite),
      prefix: `${prefix}/`,
      [Symbol.asyncDispose]: () => openAzureDestination(azurite, prefix).removeAll("", signal),
    });
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  { skip, refusedKeys: /[\\\x00-\x1f\x7f]/ },
);

testDestination(
  "az at Azurite",
  async () => {
    const prefix = freshPrefix();
    const other = freshPrefix();
    return {
      destination: openAzureDestination(azurite, prefix),
      again: () => openAzureDestination(azurite, prefix),
      other: () => Promise.resolve(openAzureDestination(azurite, other)),
      [Symbol.asyncDispose]: async () => {
        for (const place of [prefix, other]) await openAzureDestination(azurite, place).removeAll("", signal);
      },
    };
  },
  { skip, noLock: "a store has no lock that a killed process lets go of" },
);

testSource(
  "az at Azurite",
  async (files) => {
    const prefix = freshPrefix();
    const store = openAzure(azurite);
    const key = (path: string): string => `${prefix}/${Buffer.from(path, "latin1").toString()}`;
    // A prefix with nothing in it is there because of its marker.
    await store.put(key(""), textPayload(""), signal);
    for (const [path, bytes] of Object.entries(files)) await store.put(key(path), textPayload(bytes), signal);
    return {
      source: openSourceIn(store, azureBucket(azurite, `${prefix}/`)),
      scratch: tmpdir(),
      replace: (path, bytes) => store.put(key(path), textPayload(bytes), signal),
      remove: (path) => store.remove([key(path)], signal),
      [Symbol.asyncDispose]: () => openAzureDestination(azurite, prefix).removeAll("", signal),
    };
  },
  { skip },
);

/** A prefix of its own in a store, with the keys behind it. */
function place(store: ObjectStore = openAzure(azurite)) {
  const prefix = freshPrefix();
  const key = (name: string): string => `${prefix}/${name}`;
  const put = (name: string, bytes: Uint8Array | string = name): Promise<void> =>
    store.put(key(name), textPayload(bytes), signal);
  const list = async (query: { limit?: number; after?: string } = {}): Promise<string[]> => {
    const found: string[] = [];
    let after = query.after === undefined ? undefined : key(query.after);
    for (;;) {
      const page = await store.list({ prefix: key(""), after, limit: query.limit }, signal);
      found.push(...page.objects.map((object) => object.key.slice(prefix.length + 1)));
      after = page.objects.at(-1)?.key;
      if (page.isLast || after === undefined) return found;
    }
  };
  return { store, prefix, key, put, list };
}

const read = async (store: ObjectStore, key: string): Promise<string | undefined> => {
  const content = await store.get(key, { offset: 0, length: 2 ** 40 }, signal);
  if (content === undefined || content === "changed") return content;
  return Buffer.concat(await Array.fromAsync(content.bytes)).toString();
};

describe("lists", { skip }, () => {
  test("give every key once, in the order of bytes, however small the pages", async () => {
    const { put, list } = place();
    const names = [
      "a",
      "a b",
      " a ",
      "a-b",
      "a/b",
      "a/b/c",
      "a0",
      "B",
      "1e5",
      "0x10",
      "true",
      "null",
      "<x>&amp;&#65;",
    ];
    names.push(
      "\u00fc",
      "\u0085",
      "\u2028",
      "\uff46",
      "\u{1f600}",
      "%41",
      "q?x=y#z",
      "+",
      "'\"",
      "end/",
      "a//b",
    );
    for (const name of names.toReversed()) await put(name);
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const limit of [undefined, 100, 3]) {
      const found = await list(limit === undefined ? {} : { limit });
      if (limit === 3) assert.deepEqual(found.toSorted(), names.toSorted());
      else assert.deepEqual(found, sorted);
    }
  });

  test("go on after any key, whether a page ended there or not", async () => {
    const made = place();
    const names = Array.from({ length: 20 }, (_, i) => `k${String(i).padStart(2, "0")}`);
    for (const name of names) await made.put(name);
    for (const after of ["", "k00", "k045", "k07", "k19", "z"])
      assert.deepEqual(
        await made.list({ after, limit: 3 }),
        names.filter((name) => name > after),
        after,
      );
  });

  test("pass over what lies before a key once, and not again for every page", async () => {
    await using proxy = await startFaultProxy(new URL(azurite.endpoint).origin, () => ({ how: "pass" }));
    const made = place(openAzure({ ...azurite, endpoint: `${proxy.origin}/${azurite.account}` }));
    for (let i = 0; i < 30; i++) await made.put(`k${String(i).padStart(2, "0")}`);
    const before = proxy.requests.length;
    assert.equal((await made.list({ after: "k14x", limit: 3 })).length, 15);
    assert.equal(proxy.requests.length - before, 10, "thirty keys are ten pages");
    assert.equal((await made.list({ after: "k20x", limit: 3 })).length, 9);
    assert.equal(proxy.requests.length - before, 10 + 3, "what was read once is known");
  });

  test("have nothing of the stubs that other programs leave for folders", async () => {
    const { put, list, key } = place();
    await put("folder/file");
    const stub = container.getBlockBlobClient(key("folder"));
    await stub.upload("", 0, { metadata: { hdi_isfolder: "true" } });
    assert.deepEqual(await list(), ["folder/file"]);
  });

  test("remove what is there and what is not, many at once", async () => {
    const { put, list, store, key } = place();
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    for (const name of names) await put(name);
    await store.remove([...names, "none"].map(key), signal);
    assert.deepEqual(await list(), []);
  });
});

describe("names", { skip }, () => {
  test("that the store would change are refused, and stand for nothing", async () => {
    const { store, key, put } = place();
    await put("a/b");
    await assert.rejects(put("a\\b"), { code: "StoreUnsupported", message: /changes a name/ });
    assert.equal(await store.head(key("a\\b"), signal), undefined);
    assert.equal(await read(store, key("a\\b")), undefined);
    await store.remove([key("a\\b")], signal);
    assert.equal(await read(store, key("a/b")), "a/b");
    await assert.rejects(put("a\u0001"), { code: "StoreUnsupported", message: /control/ });
    await assert.rejects(store.multipart?.begin(key("a\\b"), "x", signal) ?? Promise.resolve(), {
      code: "StoreUnsupported",
    });
  });

  test("with a dot at the end are refused by a store that drops it, before anything is overwritten", async () => {
    // As Azure does it, which the emulator does not.
    const mangle = (path: string): string =>
      path.replace(/^[^?]*/, (name) => name.replaceAll(/\.+(?=\/|$)/g, ""));
    await using proxy = await startFaultProxy(new URL(azurite.endpoint).origin, ({ path }) => ({
      how: "pass",
      path: mangle(path),
    }));
    const server = { ...azurite, endpoint: `${proxy.origin}/${azurite.account}` };
    const open = (): ObjectStore => openAzure(server, "", { AZURE_STORAGE_SAS_TOKEN: sasOf("racwdl") });
    const { put, key, list } = place(open());
    await put("x/a");
    await assert.rejects(put("x/a.", "other"), { code: "StoreUnsupported", message: /changes a name/ });
    await assert.rejects(put("x./a", "other"), { code: "StoreUnsupported" });
    const again = open();
    assert.equal(await again.head(key("x/a."), signal), undefined);
    await again.remove([key("x/a.")], signal);
    assert.equal(await read(again, key("x/a")), "x/a");
    await assert.rejects(open().put(key("new/a."), textPayload("x"), signal), { code: "StoreUnsupported" });
    assert.deepEqual(await list(), ["new/a", "x/a"]);
  });

  test("of dots lead nowhere else", async () => {
    const { store, key, put, list } = place();
    for (const name of ["a/../b", "a/./b", ".."]) await put(name);
    assert.deepEqual(await list(), ["..", "a/../b", "a/./b"]);
    assert.equal(await read(store, key("b")), undefined);
    for (const name of [".", "..", ""])
      await assert.rejects(store.head(name, signal), { code: "StoreUnsupported" }, name);
  });
});

/** A SAS token for the container, as its owner would hand it out. */
function sasOf(letters: string, expiresOn = new Date(Date.now() + 600_000)): string {
  const permissions = ContainerSASPermissions.parse(letters);
  const credential = new StorageSharedKeyCredential(azurite.account, azurite.accountKey);
  return generateBlobSASQueryParameters(
    { containerName: container.containerName, permissions, expiresOn },
    credential,
  ).toString();
}

describe("credentials", { skip }, () => {
  test("may be a SAS token, which is enough for everything", async () => {
    const { store, put, list, key } = place(
      openAzure(azurite, "", { AZURE_STORAGE_SAS_TOKEN: sasOf("racwdl") }),
    );
    await put("a");
    assert.equal(await store.copy({ bucket: store.bucket, key: key("a") }, key("b"), signal), true);
    assert.equal(await read(store, key("b")), "a");
    assert.deepEqual(await list(), ["a", "b"]);
  });

  test("may be a connection string", async () => {
    const { account, accountKey, endpoint } = azurite;
    const text = `AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint};`;
    const location = bucketLocation(`az://${container.containerName}`);
    const store = openAzureStore(location, { AZURE_STORAGE_CONNECTION_STRING: text });
    await store.check(signal);
    assert.equal(store.identity, endpoint);
  });

  test("may be none where the container is public", async () => {
    const open = await createContainer(azurite, "public");
    await open.setAccessPolicy("container");
    await open.getBlockBlobClient("a").upload("x", 1);
    const location = bucketLocation(`${azureLocation(azurite, "", "public")}&anonymous=true`);
    const store = openAzureStore(location, {});
    await store.check(signal);
    assert.equal(await read(store, "a"), "x");
    await assert.rejects(store.put("b", textPayload("x"), signal), { code: "CredentialsInvalid" });
  });

  const wrong = (text: string, env: Record<string, string>) => openAzureStore(bucketLocation(text), env);
  const refused: [what: string, open: () => ObjectStore, code: string, said: RegExp][] = [
    [
      "a wrong key",
      () => wrong(azureLocation(azurite, ""), { AZURE_STORAGE_KEY: "bm8=" }),
      "CredentialsInvalid",
      /the key is not that of the account/,
    ],
    [
      "a tampered SAS token",
      () => {
        const sas = sasOf("rl").replace(/sig=..../, "sig=AAAA");
        return wrong(azureLocation(azurite, ""), { AZURE_STORAGE_SAS_TOKEN: sas });
      },
      "CredentialsInvalid",
      /credentials/,
    ],
    [
      "an account that is not there",
      () => wrong(azureLocation(azurite, "").replaceAll(azurite.account, "nobody"), azureEnv(azurite)),
      "BucketNotFound",
      /not in this account/,
    ],
    [
      "a container that is not there",
      () => wrong(azureLocation(azurite, "", "nowhere"), azureEnv(azurite)),
      "BucketNotFound",
      /az:\/\/nowhere does not exist/,
    ],
    [
      "a server that is not there",
      () => wrong(azureLocation({ ...azurite, endpoint: "http://127.0.0.1:1/x" }, ""), azureEnv(azurite)),
      "StoreUnreachable",
      /nobody listens/,
    ],
    [
      "https where there is none",
      () => wrong(azureLocation(azurite, "").replace("http:", "https:"), azureEnv(azurite)),
      "StoreUntrusted",
      /does not speak TLS/,
    ],
  ];
  for (const [what, open, code, message] of refused)
    test(`${what} is ${code}`, () => assert.rejects(open().check(signal), { code, message }));

  test("that allow one thing are denied another, by its name", async () => {
    const reader = wrong(azureLocation(azurite, ""), { AZURE_STORAGE_SAS_TOKEN: sasOf("rl") });
    await reader.check(signal);
    const denied = { code: "StoreDenied", message: /does not allow Put Blob/, hint: /sp=…w…/ };
    await assert.rejects(reader.put("x", textPayload("x"), signal), denied);
    const writer = wrong(azureLocation(azurite, ""), { AZURE_STORAGE_SAS_TOKEN: sasOf("w") });
    await assert.rejects(writer.check(signal), {
      code: "StoreDenied",
      message: /List Blobs/,
      hint: /sp=…l…/,
    });
  });

  test("that have expired say so", async () => {
    const sas = sasOf("rl", new Date(Date.now() - 60_000));
    const store = wrong(azureLocation(azurite, ""), { AZURE_STORAGE_SAS_TOKEN: sas });
    await assert.rejects(store.check(signal), { code: "CredentialsInvalid" });
  });
});

describe("a URL for others", { skip }, () => {
  test("gives one blob and no other, under the name that it is given, and nothing but that", async () => {
    const { store, key, put } = place();
    for (const name of ["gr\u00fc\u00dfe %41?.zst", "other"]) await put(name, "0123456789");
    const terms = {
      expiresInSeconds: 60,
      contentDisposition: `attachment; filename="x.zst"; filename*=UTF-8''gr%C3%BC.zst`,
      contentType: "application/zstd",
    };
    const { presign } = store;
    assert.ok(presign);
    const url = await presign(key("gr\u00fc\u00dfe %41?.zst"), terms, signal);
    const answer = await fetch(url, { headers: { range: "bytes=2-4" } });
    assert.deepEqual([answer.status, await answer.text()], [206, "234"]);
    assert.equal(answer.headers.get("content-disposition"), terms.contentDisposition);
    assert.equal(answer.headers.get("content-type"), terms.contentType);
    const other = new URL(await presign(key("other"), terms, signal));
    const swapped = new URL(url);
    swapped.pathname = other.pathname;
    for (const wrong of [url.replace(/sig=.{6}/, "sig=AAAAAA"), swapped.href])
      assert.equal((await fetch(wrong)).status, 403);
    const headers = { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02" };
    for (const method of ["PUT", "DELETE"])
      assert.equal((await fetch(url, { method, headers })).status, 403, method);
    assert.ok(!url.includes(azurite.accountKey));
    await assert.rejects(presign(key("other"), terms, AbortSignal.abort(new Error("enough"))), {
      message: "enough",
    });
  });

  test("leads where receivers reach the store", async () => {
    await using proxy = await startFaultProxy(new URL(azurite.endpoint).origin, () => ({ how: "pass" }));
    const publicEndpoint = `${proxy.origin}/${azurite.account}/`;
    const location = bucketLocation(`${azureLocation(azurite, "")}&publicEndpoint=${publicEndpoint}`);
    const store = openAzureStore(location, azureEnv(azurite));
    const key = `${freshPrefix()}/a b`;
    await store.put(key, textPayload("x"), signal);
    assert.equal(proxy.requests.length, 0);
    const url = (await store.presign?.(key, { expiresInSeconds: 60 }, signal)) ?? assert.fail();
    assert.ok(url.startsWith(proxy.origin));
    assert.equal(await (await fetch(url)).text(), "x");
  });

  test("ends so long after the time that is given", async () => {
    const now = (): number => Date.UTC(2030, 0, 2, 3, 4, 5);
    const { presign } = openAzureStore(bucketLocation(azureLocation(azurite, "")), azureEnv(azurite), now);
    const url = await presign?.("a", { expiresInSeconds: 60 }, signal);
    assert.equal(new URL(url ?? "").searchParams.get("se"), "2030-01-02T03:05:05Z");
  });

  test("is made by the account's key alone: a SAS token is not for others", () => {
    const location = bucketLocation(azureLocation(azurite, ""));
    const store = openAzureStore(location, { AZURE_STORAGE_SAS_TOKEN: sasOf("racwdl") });
    assert.equal(store.presign, undefined);
  });
});
