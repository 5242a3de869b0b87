/** Downloads of what lies in a bucket: the server says where, the store gives the bytes, and a plain client gets them all. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { AuditRecord } from "../../src/domain/ports/audit-log.ts";
import type { Destination } from "../../src/domain/ports/destination.ts";
import { byteStringOfText } from "../../src/domain/byte-string.ts";
import { withCondition } from "../../src/domain/resources/condition.ts";
import { contentDisposition } from "../../src/gateway/download/content-disposition.ts";
import { freshPrefix } from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { sendRaw, type TestGateway, testGateway } from "../fixtures/gateway.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { newExport } from "../fixtures/resources.ts";
import { expectExit, longshore, run, temporaryFolder } from "../fixtures/run.ts";
import {
  type FaultProxy,
  type ProxiedRequest,
  startFaultProxy,
  type Treatment,
} from "../servers/fault-proxy.ts";
import { deliveringKinds, type DeliveringStore, openDelivering } from "./delivering-stores.ts";

const { signal } = new AbortController();
const mebibyte = 2 ** 20;
const odd = 'gr\u00fc\u00dfe "a";%0d.txt';
const contents: readonly (readonly [path: string, bytes: Buffer])[] = [
  ["big", mixedBytes(14 * mebibyte, "big")],
  ["folder/small", mixedBytes(70_000, "small")],
  [odd, Buffer.from("odd")],
];
const contentOf = (path: string): Buffer => contents.find(([name]) => name === path)?.[1] ?? Buffer.alloc(0);
const exportNames = ["packed", "plain", "kept"] as const;
const formats = { packed: "tar.zst", plain: "tar", kept: "files" } as const;
type ExportName = (typeof exportNames)[number];

for (const kind of deliveringKinds)
  describe(`out of ${kind.server}`, { skip: kind.missing() }, () => {
    let store: DeliveringStore;
    let line: FaultProxy;
    let gateway: TestGateway;
    let url = "";
    const work = temporaryFolder();
    const locations = new Map<string, string>();
    /** What receivers asked the store. The server itself reaches it without this line. */
    const seen: ProxiedRequest[] = [];
    let treat: (request: ProxiedRequest) => Treatment = () => ({ how: "pass" });

    before(async () => {
      store = await kind.start();
      line = await startFaultProxy(store.origin, (request) => {
        seen.push(request);
        return treat(request);
      });
      const tree = work.join("tree");
      mkdirSync(`${tree}/folder`, { recursive: true });
      for (const [path, bytes] of contents) writeFileSync(`${tree}/${path}`, bytes);
      const prefix = freshPrefix();
      for (const name of exportNames) {
        const args = [tree, store.location(prefix), "--name", name, "--format", formats[name]];
        const { location } = await exportTree([...args, "--part-size", "5Mi", "--entry-digests"], [0], {
          env: store.env,
        });
        locations.set(name, location);
      }
      gateway = await openGateway();
      url = await gateway.listen();
    });
    after(async () => {
      await gateway?.[Symbol.asyncDispose]();
      await line?.[Symbol.asyncDispose]();
      await store?.[Symbol.asyncDispose]();
      await work[Symbol.asyncDispose]();
    });

    const withParameters = (location: string, more = ""): string =>
      `${location}&publicEndpoint=${store.publicEndpoint(line.origin)}${more}`;

    /** A gateway that knows the exports as finished. */
    async function openGateway(redirectLifetime = 300_000): Promise<TestGateway> {
      const opened = await testGateway(
        { limits: { redirectLifetime, failures: { burst: 1000, perSecond: 1000 } } },
        ({ drivers }) => ({
          drivers: { ...drivers, openDestination: async (location) => openDelivering(store, location) },
          places: { source: placed, destination: placed },
        }),
      );
      for (const name of exportNames) {
        const location = locations.get(name) ?? "";
        await know(opened, name, withParameters(location));
        await know(opened, `${name}-relayed`, withParameters(location, "&delivery=relay"));
      }
      return opened;
    }

    const fileOf = (name: ExportName): string => `${name}.${formats[name]}`;
    const grantFor = async (name: string, body: object = {}, at = gateway): Promise<Grant> => {
      const answer = await at.call("POST", `/api/v1/namespaces/default/exports/${name}/grants`, body);
      assert.equal(answer.status, 201, answer.text);
      const { searchParams } = new URL(answer.body.url);
      return {
        uid: answer.body.metadata.uid,
        name: answer.body.metadata.name,
        token: searchParams.get("grant") ?? "",
      };
    };
    const pathOf = (name: string, file: string, { token }: Grant): string =>
      `/d/default/${name}/${file}?grant=${token}`;
    const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
      sendRaw(url, { path, headers, method });
    const archiveOf = async (name: ExportName): Promise<Buffer> => {
      const grant = await grantFor(`${name}-relayed`);
      const { status, bytes } = await ask(pathOf(`${name}-relayed`, fileOf(name), grant));
      assert.equal(status, 200);
      return bytes;
    };
    const counted = async (): Promise<{ bytes: number; redirects: number }> => {
      const { text } = await gateway.call("GET", "/metrics");
      const of = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
      return {
        bytes: of("longshore_download_bytes_total"),
        redirects: of("longshore_download_redirects_total"),
      };
    };
    const rawDestination = (name: ExportName): Destination =>
      openDelivering(store, locations.get(name) ?? "");

    test("curl with nothing but a grant gets the archive from the store, under its name", async () => {
      await using folder = temporaryFolder();
      const expected = await archiveOf("packed");
      const grant = await grantFor("packed");
      const before = await counted();
      seen.length = 0;
      const path = pathOf("packed", fileOf("packed"), grant);
      const args = ["-fsSL", "-OJ", "-e", ";auto", "-w", "%{num_redirects}", `${url}${path}`];
      const result = expectExit(await run("curl", args, { cwd: folder.path }), 0);
      assert.equal(result.stdout.toString(), "1");
      assert.deepEqual(readdirSync(folder.path), ["packed.tar.zst"]);
      assert.ok(readFileSync(folder.join("packed.tar.zst")).equals(expected));

      const now = await counted();
      assert.deepEqual([now.bytes - before.bytes, now.redirects - before.redirects], [0, 1]);
      assert.equal(seen.length, 1);
      const { usage, record } = {
        usage: gateway.dependencies.grantUsage,
        record: await recorded(gateway, grant.uid),
      };
      assert.deepEqual([usage.served(grant.uid), usage.lastUsed(grant.uid)], [0, gateway.clock.time]);
      assert.deepEqual(
        [record.status, record.reason, record.download],
        [307, "redirected to the store", { file: "packed.tar.zst", ranges: "", bytes: 0, complete: true }],
      );
    });

    test("the redirect says where and nothing else, each time anew; no secret goes where it does not belong", async () => {
      const grant = await grantFor("packed");
      const path = pathOf("packed", fileOf("packed"), grant);
      const answer = await ask(path);
      assert.deepEqual([answer.status, answer.bytes.length], [307, 0]);
      const { headers } = answer;
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.match(String(headers["content-security-policy"]), /sandbox/);
      const location = new URL(headers.location ?? "");
      assert.equal(location.origin, line.origin, "publicEndpoint is how receivers reach the store");
      assert.ok(!location.href.includes(grant.token));
      seen.length = 0;
      const bearer = await fetch(url + path.replace(/\?.*/, ""), {
        headers: { authorization: `Bearer ${grant.token}` },
      });
      assert.equal(bearer.status, 200);
      await bearer.body?.cancel();
      await (await fetch(url + path, { referrer: `${url}/page?grant=${grant.token}` })).body?.cancel();
      assert.equal(seen.length, 2);
      for (const secret of [grant.token, "authorization", "referer"])
        assert.ok(!JSON.stringify(seen).includes(secret), secret);
      const signature =
        /(?:Signature|sig)=([^&]{20,})/.exec(location.search)?.[1] ?? assert.fail(location.search);
      const said = JSON.stringify([
        gateway.reported.map(String),
        gateway.dependencies.audit.list({ limit: 1000 }),
      ]);
      for (const secret of [grant.token, signature]) assert.ok(!said.includes(secret));
    });

    test("a download that was cut goes on, by curl", async () => {
      await using folder = temporaryFolder();
      const expected = await archiveOf("packed");
      const link = url + pathOf("packed", fileOf("packed"), await grantFor("packed"));
      const file = folder.join("file");
      const before = await counted();
      treat = () => ({ how: "pass", most: 3 * mebibyte });
      assert.equal((await run("curl", ["-fsSL", "-o", file, link])).code, 18);
      const had = statSync(file).size;
      assert.ok(had > 0 && had < expected.length);
      treat = () => ({ how: "pass" });
      seen.length = 0;
      expectExit(await run("curl", ["-fsSL", "-C", "-", "-o", file, link]), 0);
      assert.ok(readFileSync(file).equals(expected));
      assert.deepEqual(
        seen.map(({ headers }) => headers["range"]),
        [`bytes=${had}-`],
      );
      assert.equal((await counted()).bytes, before.bytes);
    });

    test("a download that was cut goes on, by a browser, which knows the store's tag alone", async () => {
      const expected = await archiveOf("packed");
      const link = url + pathOf("packed", fileOf("packed"), await grantFor("packed"));
      const before = await counted();
      const first = await fetch(link);
      const etag = first.headers.get("etag") ?? assert.fail("the store says no tag");
      await first.body?.cancel();
      const goOn = (ifRange: string) =>
        fetch(link, { headers: { range: "bytes=1000000-", "if-range": ifRange } });
      const rest = await goOn(etag);
      assert.equal(rest.status, 206);
      assert.ok(Buffer.from(await rest.arrayBuffer()).equals(expected.subarray(1_000_000)));
      // Not every store knows If-Range, and each may send either, as long as it says which.
      const other = await goOn('"another"');
      const bytes = Buffer.from(await other.arrayBuffer());
      assert.ok(bytes.equals(other.status === 206 ? expected.subarray(1_000_000) : expected));
      assert.equal((await counted()).bytes, before.bytes);
    });

    test("conditions and HEAD are answered here, by what the export says", async () => {
      const expected = await archiveOf("packed");
      const path = pathOf("packed", fileOf("packed"), await grantFor("packed"));
      seen.length = 0;
      const head = await ask(path, {}, "HEAD");
      assert.equal(head.status, 200);
      assert.equal(head.headers["content-length"], String(expected.length));
      assert.equal(head.headers["accept-ranges"], "bytes");
      assert.match(String(head.headers["content-disposition"]), /filename="packed\.tar\.zst"/);
      const etag = String(head.headers.etag);
      const sent = async (headers: Record<string, string>): Promise<number> =>
        (await ask(path, headers)).status;
      assert.equal(await sent({ "if-none-match": etag }), 304);
      assert.equal(await sent({ "if-none-match": '"another"' }), 307);
      assert.equal(await sent({ range: `bytes=${expected.length}-` }), 416);
      // What the store may not know, or not as we do, is answered here.
      const tags = kind.givesEtag ? ["if-match"] : ["if-range", "if-match"];
      for (const name of tags) {
        const answer = await ask(path, { range: "bytes=1000-1999", [name]: etag });
        assert.equal(answer.status, 206, name);
        assert.ok(answer.bytes.equals(expected.subarray(1000, 2000)));
      }
      if (kind.givesEtag) assert.equal(await sent({ range: "bytes=1000-1999", "if-range": etag }), 307);
      // Its own it knows.
      for (const name of ["if-range", "if-match"])
        assert.equal(await sent({ range: "bytes=1000-1999", [name]: '"another"' }), 307, name);
      assert.equal(seen.length, 0);
      const entry = await ask(pathOf("kept", "files/big", await grantFor("kept")), {}, "HEAD");
      assert.equal(
        entry.headers["repr-digest"],
        `sha-256=:${createHash("sha256").update(contentOf("big")).digest("base64")}:`,
      );
    });

    test("what is no object by itself comes from here, by the ranges that hold it", async () => {
      const expected = await archiveOf("packed");
      const grant = await grantFor("packed");
      seen.length = 0;
      const several = await ask(pathOf("packed", fileOf("packed"), grant), { range: "bytes=0-9,-10" });
      assert.equal(several.status, 206);
      assert.ok(several.bytes.includes(expected.subarray(-10)));
      assert.equal(
        (await ask(pathOf("packed", fileOf("packed"), grant), { range: "bytes=-10" })).status,
        206,
      );
      for (const [path, bytes] of contents) {
        const entry = await ask(pathOf("packed", `files/${encodeURIComponent(path)}`, grant));
        assert.equal(entry.status, 200);
        assert.ok(entry.bytes.equals(bytes), path);
      }
      const manifest = JSON.parse((await get(pathOf("packed", "manifest.json", grant))).toString());
      assert.ok(manifest.parts.length > 2);
      let offset = 0;
      for (const { number, size } of manifest.parts as { number: number; size: number }[]) {
        const part = await ask(pathOf("packed", `parts/${number}`, grant));
        assert.equal(part.status, 200);
        assert.ok(part.bytes.equals(expected.subarray(offset, offset + size)), `part ${number}`);
        assert.match(String(part.headers["content-disposition"]), new RegExp(`0000000${number}.tar.zst`));
        offset += size;
      }
      const metalink = await ask(pathOf("packed", "metalink", grant));
      assert.ok(metalink.bytes.includes("parts/00000001.tar.zst"));
    });

    /** By a client that follows. */
    async function get(path: string): Promise<Buffer> {
      const answer = await fetch(url + path);
      assert.equal(answer.status, 200, path);
      return Buffer.from(await answer.arrayBuffer());
    }

    test("records, kept files and parts that are objects come from the store, whatever they are called", async () => {
      const before = await counted();
      const grant = await grantFor("kept");
      for (const record of ["manifest.json", "SHA256SUMS", "index.jsonl.zst", "index.pages.json"]) {
        assert.equal((await ask(pathOf("kept", record, grant))).status, 307, record);
        const bytes = await get(pathOf("kept", record, grant));
        assert.ok(
          bytes.equals((await rawDestination("kept").get(record, signal)) ?? Buffer.alloc(0)),
          record,
        );
      }
      for (const [path, bytes] of contents) {
        const link = pathOf("kept", `files/${encodeURIComponent(path)}`, grant);
        assert.equal((await ask(link)).status, 307, path);
        const answer = await fetch(url + link);
        assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), path);
        assert.match(String(answer.headers.get("content-disposition")), /^attachment; filename="[^"]*"/);
        assert.equal(answer.headers.get("content-type"), "application/octet-stream");
      }
      const named = await fetch(url + pathOf("kept", `files/${encodeURIComponent(odd)}`, grant));
      await named.body?.cancel();
      assert.equal(named.headers.get("content-disposition"), contentDisposition(byteStringOfText(odd)));
      const plain = await grantFor("plain");
      const part = await ask(pathOf("plain", "parts/1", plain));
      assert.equal(part.status, kind.joinsEverything ? 200 : 307);
      const archive = await ask(pathOf("plain", fileOf("plain"), plain));
      assert.equal(archive.status, kind.joinsEverything ? 307 : 200);
      const relayed = kind.joinsEverything ? part : archive;
      assert.equal((await counted()).bytes - before.bytes, relayed.bytes.length);
    });

    test("when a URL is too old, the link that it came from gives another", async () => {
      await using brief = await openGateway(1000);
      const address = await brief.listen();
      const link = address + pathOf("kept", "files/big", await grantFor("kept", {}, brief));
      const location = (await fetch(link, { redirect: "manual" })).headers.get("location") ?? "";
      const status = async (): Promise<number> => {
        const answer = await fetch(location);
        await answer.body?.cancel();
        return answer.status;
      };
      assert.equal(await status(), 200);
      let refused = 200;
      while (refused === 200) refused = await status();
      assert.ok([400, 403].includes(refused), String(refused));
      assert.ok(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(contentOf("big")));
    });

    test("where the location says so, and where a limit must be held to, every byte comes from here", async () => {
      const expected = await archiveOf("packed");
      const before = await counted();
      seen.length = 0;
      const relayed = await grantFor("packed-relayed");
      const whole = await ask(pathOf("packed-relayed", fileOf("packed"), relayed));
      assert.deepEqual([whole.status, whole.bytes.equals(expected)], [200, true]);
      const limited = await grantFor("packed", { maxBytes: String(expected.length + 10) });
      const within = await ask(pathOf("packed", fileOf("packed"), limited));
      assert.deepEqual([within.status, within.bytes.equals(expected)], [200, true]);
      await assert.rejects(ask(pathOf("packed", fileOf("packed"), limited)), { code: "ECONNRESET" });
      assert.equal((await ask(pathOf("packed", fileOf("packed"), limited))).status, 403);
      assert.equal((await counted()).bytes - before.bytes, 2 * expected.length + 10);
      assert.equal(seen.length, 0);
    });

    test("a grant that was taken back, or is for another export, leads nowhere", async () => {
      const grant = await grantFor("packed");
      await gateway.call("DELETE", `/api/v1/namespaces/default/grants/${grant.name}`);
      const refused = await ask(pathOf("packed", fileOf("packed"), grant));
      assert.deepEqual([refused.status, refused.headers.location], [401, undefined]);
      const other = await ask(pathOf("packed", fileOf("packed"), await grantFor("kept")));
      assert.deepEqual([other.status, other.headers.location], [403, undefined]);
    });

    test("`longshore download` checks every byte that came from the store, and asks again for a link that fails", async () => {
      await using folder = temporaryFolder();
      const expected = await archiveOf("packed");
      const before = await counted();
      seen.length = 0;
      let count = 0;
      treat = ({ path }) => {
        if (path.includes("manifest.json")) return { how: "pass" };
        count += 1;
        if (count === 1) return { how: "pass", most: mebibyte };
        if (count === 2) return { how: "answer", status: 403, body: "<Code>AccessDenied</Code>" };
        if (count === 3) return { how: "pass", flip: "answer" };
        return { how: "pass" };
      };
      const link = url + pathOf("packed", fileOf("packed"), await grantFor("packed"));
      const file = folder.join("file");
      const got = expectExit(await longshore(["download", link, "-o", file]), 0);
      treat = () => ({ how: "pass" });
      assert.match(got.stderr, /every part checked/);
      assert.ok(readFileSync(file).equals(expected));
      assert.ok(count > 4);
      assert.equal((await counted()).redirects - before.redirects, seen.length);
      const entry = url + pathOf("kept", "files/big", await grantFor("kept"));
      const single = expectExit(await longshore(["download", entry, "-o", folder.join("big")]), 0);
      assert.match(single.stderr, /every byte checked/);
      assert.ok(readFileSync(folder.join("big")).equals(contentOf("big")));
      assert.ok(!existsSync(folder.join("big.partial")));
      assert.equal((await counted()).bytes, before.bytes);
      assert.ok(!JSON.stringify(seen).includes("authorization"));
    });

    test("an object that is another one since is an error, and not a redirect", async () => {
      const grant = await grantFor("kept");
      const destination = rawDestination("kept");
      await destination.put("files/folder/small", Buffer.from("cut"), signal);
      // What was seen a moment ago is not looked at again.
      gateway.clock.time += 10_000;
      const refused = await ask(pathOf("kept", "files/folder/small", grant));
      assert.deepEqual([refused.status, refused.headers.location], [500, undefined]);
      assert.equal(JSON.parse(refused.bytes.toString()).code, "Damaged");

      const whole = pathOf("packed", fileOf("packed"), await grantFor("packed"));
      assert.equal((await ask(whole)).status, 307);
      const bytes = await archiveOf("packed");
      const { object } = JSON.parse(
        Buffer.from((await rawDestination("packed").get("manifest.json", signal)) ?? []).toString(),
      ).run.archive;
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await rawDestination("packed").put(object, bytes, signal);
      gateway.clock.time += 10_000;
      const replaced = await ask(whole);
      assert.deepEqual([replaced.status, replaced.headers.location], [500, undefined]);
      assert.equal(JSON.parse(replaced.bytes.toString()).code, "Damaged");
      assert.ok(!replaced.bytes.toString().includes(line.origin));
    });
  });

interface Grant {
  readonly uid: string;
  readonly name: string;
  readonly token: string;
}

const placed = async (location: string) => ({ location, reached: location });

/** As the controllers would, when they have made it. */
async function know(
  { dependencies: { store, clock } }: TestGateway,
  name: string,
  location: string,
): Promise<void> {
  const format = { packed: "TarZstd", plain: "Tar", kept: "Files" }[name.replace("-relayed", "")];
  const made = await store.create(
    "Export",
    newExport({ namespace: "default", name }, {}, { format }),
    signal,
  );
  const succeeded = { type: "Succeeded", status: "True", reason: "Completed", message: "" } as const;
  const conditions = withCondition([], succeeded, clock.now());
  await store.updateStatus("Export", { ...made, status: { conditions, location } }, signal);
}

/** A record is written when the answer has ended, which its receiver may know before. */
async function recorded({ dependencies }: TestGateway, grantUid: string): Promise<AuditRecord> {
  for (;;) {
    const { items } = dependencies.audit.list({ limit: 1000 });
    const found = items.find(({ actor }) => actor === `grant:${grantUid}`);
    if (found !== undefined) return found;
    await new Promise(setImmediate);
  }
}
