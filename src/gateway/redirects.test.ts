/** Downloads of exports whose destination gives out URLs; test/buckets/delivery.test.ts has real stores. */
import assert from "node:assert/strict";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type RawRequest, sendRaw, type TestGateway, testGateway } from "../../test/fixtures/gateway.ts";
import type { Destination, PresignTerms } from "../domain/ports/destination.ts";
import { LongshoreError } from "../domain/errors.ts";

const base = "/api/v1/namespaces/default";

suite("redirects", () => {
  let gateway: TestGateway;
  let url = "";
  let location = "";
  /** What was signed, and what goes wrong with the next. */
  const signed: { readonly name: string; readonly terms: PresignTerms }[] = [];
  let failure: Error | undefined;

  const signing = (destination: Destination): Destination => ({
    ...destination,
    presign: async (name, terms) => {
      if (failure !== undefined) throw failure;
      signed.push({ name, terms });
      return `https://store.example.com/${encodeURIComponent(name)}?signature=${signed.length}`;
    },
  });

  before(async () => {
    gateway = await testGateway(
      { limits: { failures: { burst: 1000, perSecond: 1000 } } },
      ({ drivers }) => ({
        drivers: {
          ...drivers,
          openDestination: async (folder) => signing(await drivers.openDestination(folder)),
        },
      }),
    );
    const source = join(gateway.allowed, "source");
    mkdirSync(source);
    for (const name of ["one", "tw\u00f6", "empty"])
      writeFileSync(join(source, name), name === "empty" ? "" : name.repeat(1000));
    const made = await gateway.finished("reports", source, ["--format", "files"]);
    location = made.status?.location ?? "";
    await gateway.finished("packed", source);
    url = await gateway.listen();
  });
  after(() => gateway[Symbol.asyncDispose]());

  const issue = async (body: object = {}, name = "reports"): Promise<{ uid: string; token: string }> => {
    const answer = await gateway.call("POST", `${base}/exports/${name}/grants`, body);
    assert.equal(answer.status, 201, answer.text);
    const token = new URL(answer.body.url).searchParams.get("grant") ?? "";
    return { uid: answer.body.metadata.uid, token };
  };
  const get = (token: string, file: string, more: Partial<RawRequest> = {}, name = "reports") =>
    sendRaw(url, { path: `/d/default/${name}/${file}?grant=${token}`, ...more });

  test("lead to the object under the file's name, for five minutes and no longer than the grant", async () => {
    const { token } = await issue();
    const { status, headers } = await get(token, "files/tw%C3%B6");
    assert.equal(status, 307);
    assert.equal(
      headers.location,
      `https://store.example.com/${encodeURIComponent("files/tw\xc3\xb6")}?signature=1`,
    );
    const terms = {
      expiresInSeconds: 300,
      contentDisposition: `attachment; filename="tw_"; filename*=UTF-8''tw%C3%B6`,
      contentType: "application/octet-stream",
    };
    assert.deepEqual(signed, [{ name: "files/tw\xc3\xb6", terms }]);
    const brief = await issue({ expiresInSeconds: 90 });
    gateway.clock.time += 30_000;
    assert.equal((await get(brief.token, "SHA256SUMS")).status, 307);
    assert.deepEqual([signed.at(-1)?.name, signed.at(-1)?.terms.expiresInSeconds], ["SHA256SUMS", 60]);
  });

  test("are for an API token too", async () => {
    const headers = { authorization: `Bearer ${gateway.tokens.exporter}` };
    const answer = await sendRaw(url, { path: "/d/default/reports/files/one", headers });
    assert.equal(answer.status, 307);
    assert.equal(signed.at(-1)?.terms.expiresInSeconds, 300);
  });

  test("are none for HEAD, for nothing, for what a limit counts and for what is no object by itself", async () => {
    const before = signed.length;
    const { token } = await issue();
    const head = await get(token, "files/one", { method: "HEAD" });
    assert.deepEqual([head.status, head.headers["content-length"]], [200, "3000"]);
    assert.equal((await get(token, "files/empty")).status, 200);
    const limited = await issue({ maxBytes: "1Ki" });
    assert.equal(
      (await get(limited.token, "files/one", { headers: { range: "bytes=0-999" } })).bytes.length,
      1000,
    );
    assert.equal(gateway.dependencies.grantUsage.served(limited.uid), 1000);
    const { token: packed } = await issue({}, "packed");
    for (const file of ["packed.tar.zst", "files/one", "metalink"])
      assert.equal((await get(packed, file, {}, "packed")).status, 200, file);
    assert.equal(signed.length, before);
    assert.equal((await get(packed, "parts/0", {}, "packed")).status, 307);
  });

  test("that can't be made are errors that say nothing of where it lies", async () => {
    const { token } = await issue();
    failure = new LongshoreError("StoreBusy", `s3://secret-bucket is busy`);
    const busy = await get(token, "files/one");
    failure = undefined;
    assert.deepEqual(
      [busy.status, busy.headers["retry-after"], busy.headers.location],
      [503, "5", undefined],
    );
    assert.doesNotMatch(busy.bytes.toString(), /secret-bucket/);
    assert.equal(gateway.reported.length, 1);
  });

  test("are none to an object of another size", async () => {
    const { token } = await issue();
    truncateSync(join(location, "files/one"), 2999);
    gateway.clock.time += 10_000;
    const cut = await get(token, "files/one");
    assert.deepEqual([cut.status, cut.headers.location], [500, undefined]);
    assert.equal(JSON.parse(cut.bytes.toString()).code, "Damaged");
  });

  test("are counted and recorded, with no byte", async () => {
    const { token, uid } = await issue();
    const { text: before } = await gateway.call("GET", "/metrics");
    await get(token, "SHA256SUMS", { headers: { range: "bytes=5-9" } });
    const { text } = await gateway.call("GET", "/metrics");
    const of = (page: string, name: string): number =>
      Number(new RegExp(`^longshore_download_${name}_total (\\d+)$`, "m").exec(page)?.[1]);
    assert.equal(of(text, "redirects"), of(before, "redirects") + 1);
    assert.equal(of(text, "bytes"), of(before, "bytes"));
    const { items } = gateway.dependencies.audit.list({ limit: 10 });
    const record = items.find(({ actor }) => actor === `grant:${uid}`) ?? assert.fail("nothing was recorded");
    assert.deepEqual([record.status, record.reason], [307, "redirected to the store"]);
    assert.deepEqual(record.download, { file: "SHA256SUMS", ranges: "5-9", bytes: 0, complete: true });
    assert.equal(gateway.dependencies.grantUsage.lastUsed(uid), gateway.clock.time);
    assert.doesNotMatch(JSON.stringify(items), /signature|store\.example/);
  });
});
