import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { bucketLocation } from "../../../../test/fixtures/buckets.ts";
import { expectExit, missingProgram, shell, temporaryFolder } from "../../../../test/fixtures/run.ts";
import { openAzureStore } from "../azure.ts";
import { makeAgent } from "./agents.ts";

const { signal } = new AbortController();
const credentials = { AZURE_STORAGE_KEY: "c2VjcmV0" };

const noContainer: RequestListener = (_request, response) => {
  response.writeHead(404, { "x-ms-error-code": "ContainerNotFound" }).end();
};

async function listening(
  server: Pick<Server, "listen" | "once" | "address" | "close" | "closeAllConnections">,
) {
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server as Server, "close");
    },
  };
}

describe("connections to a store", () => {
  test("that fall silent are given up, the first one and one that was used before", async () => {
    let isSilent = false;
    await using server = await listening(
      createServer((_request, response) => {
        if (!isSilent) response.end("x");
      }),
    );
    const agent = makeAgent("http:", {}, {}, { connecting: 5000, silence: 1500 });
    const ask = async (): Promise<void> => {
      const asked = request({ port: server.port, agent }).end();
      const [answer] = (await once(asked, "response")) as [AsyncIterable<Buffer>];
      for await (const _ of answer);
    };
    await ask();
    isSilent = true;
    await assert.rejects(ask, { code: "ETIMEDOUT" });
    await assert.rejects(ask, { code: "ETIMEDOUT" });
  });

  test("go by the proxy of the environment, unless it says otherwise", async () => {
    const seen: string[] = [];
    await using proxy = await listening(
      createServer((asked, response) => {
        seen.push(asked.url ?? "");
        noContainer(asked, response);
      }),
    );
    const location = bucketLocation("az://box?account=me&endpoint=http://store.invalid");
    const environment = { ...credentials, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` };
    await assert.rejects(openAzureStore(location, environment).check(signal), { code: "BucketNotFound" });
    assert.match(seen.join(), /^http:\/\/store\.invalid\/box\?/);
    const direct = openAzureStore(location, { ...environment, NO_PROXY: "store.invalid" });
    await assert.rejects(direct.check(signal), { code: "StoreUnreachable" });
    assert.equal(seen.length, 1);
  });

  test("trust the authority that the location names", { skip: missingProgram("openssl") }, async () => {
    await using work = temporaryFolder();
    const [key, cert] = [work.join("key.pem"), work.join("cert.pem")];
    const script =
      'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=store -addext subjectAltName=IP:127.0.0.1 -keyout "$1" -out "$2"';
    expectExit(await shell(script, [key, cert]), 0);
    await using server = await listening(
      createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, noContainer),
    );
    const text = (host: string, more = ""): string =>
      `az://box?account=me&endpoint=https://${host}:${server.port}/me${more}`;
    const check = (location: string): Promise<void> =>
      openAzureStore(bucketLocation(location), credentials).check(signal);
    await assert.rejects(check(text("127.0.0.1")), { code: "StoreUntrusted", message: /not trusted/ });
    const named = `&caBundle=${cert}`;
    await assert.rejects(check(text("127.0.0.1", named)), { code: "BucketNotFound" });
    await assert.rejects(check(text("localhost", named)), {
      code: "StoreUntrusted",
      message: /another name/,
    });
    writeFileSync(work.join("empty"), "");
    await assert.rejects(check(text("127.0.0.1", `&caBundle=${work.join("empty")}`)), {
      code: "StoreUntrusted",
    });
    const missing = `&caBundle=${work.join("none")}`;
    await assert.rejects(async () => check(text("127.0.0.1", missing)), {
      code: "InvalidArgument",
      message: /caBundle/,
    });
  });
});
