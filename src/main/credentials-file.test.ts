import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { temporaryFolder } from "../../test/fixtures/run.ts";
import type { BucketScheme } from "../domain/location-parameters.ts";
import { withCredentialsOf } from "./credentials-file.ts";

// A file that everybody may write is refused.
process.umask(0o022);
const key = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "se=cr et" };

describe("a file of credentials", () => {
  const files: [name: string, scheme: BucketScheme, text: string, expected: Record<string, string>][] = [
    [
      "of lines",
      "s3",
      '# made by hand\r\n\nexport AWS_ACCESS_KEY_ID=id\r\n  AWS_SECRET_ACCESS_KEY = "se=cr et" \nOTHER=x\nnonsense',
      key,
    ],
    [
      "of an account",
      "az",
      "AZURE_STORAGE_ACCOUNT=me\nAZURE_STORAGE_KEY='aGk='",
      { AZURE_STORAGE_ACCOUNT: "me", AZURE_STORAGE_KEY: "aGk=" },
    ],
    [
      "that is Google's own",
      "gs",
      '\n{ "type": "service_account" }\n',
      { GOOGLE_APPLICATION_CREDENTIALS_JSON: '\n{ "type": "service_account" }\n' },
    ],
  ];
  for (const [name, scheme, text, expected] of files)
    test(`${name} takes the place of the environment's`, async () => {
      await using work = temporaryFolder();
      const file = work.join("keys");
      writeFileSync(file, text, { mode: 0o644 });
      const environment = {
        HTTPS_PROXY: "http://proxy",
        AWS_ACCESS_KEY_ID: "mine",
        AWS_SESSION_TOKEN: "mine",
        AZURE_STORAGE_CONNECTION_STRING: "mine",
        GOOGLE_APPLICATION_CREDENTIALS: "/mine",
      };
      const found = withCredentialsOf(file, scheme, environment);
      const others = Object.entries(environment).filter(([, value]) => value.endsWith("mine"));
      const kept = Object.fromEntries(
        others.filter(([variable]) => !variable.startsWith({ s3: "AWS", az: "AZURE", gs: "GOOGLE" }[scheme])),
      );
      assert.deepEqual(found, { HTTPS_PROXY: "http://proxy", ...kept, ...expected });
    });

  test("may be a folder, as a Secret is mounted", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("..2026"));
    for (const [name, value] of Object.entries(key)) {
      writeFileSync(work.join(`..2026/${name}`), `${value}\n`);
      symlinkSync(`..data/${name}`, work.join(name));
    }
    symlinkSync("..2026", work.join("..data"));
    assert.deepEqual(withCredentialsOf(work.path, "s3", {}), key);
  });

  const elsewhere: [what: string, key: string, value: string, message: RegExp][] = [
    ["a file's name", "GOOGLE_APPLICATION_CREDENTIALS", "/run/token", /names a file with credentials/],
    [
      "what is fetched by a URL",
      "GOOGLE_APPLICATION_CREDENTIALS_JSON",
      '{ "type": "external_account", "credential_source": { "url": "http://169.254.169.254/" } }',
      /holds credentials that are fetched from elsewhere/,
    ],
  ];
  for (const [what, name, value, message] of elsewhere)
    test(`that is a Secret's folder holds the credentials itself, and not ${what}`, async () => {
      await using work = temporaryFolder();
      writeFileSync(work.join(name), value);
      assert.throws(() => withCredentialsOf(work.path, "gs", {}), { code: "CredentialsInvalid", message });
      // Whoever runs a machine chooses its files.
      writeFileSync(work.join("file"), `${name}=${value}`);
      assert.deepEqual(withCredentialsOf(work.join("file"), "gs", {}), { [name]: value });
    });

  const refused: [name: string, make: (file: string) => void, message: RegExp][] = [
    ["is not there", () => undefined, /can't be read/],
    [
      "holds nothing of use",
      (file) => writeFileSync(file, "USER=me\nsecret"),
      /holds none of AWS_ACCESS_KEY_ID/,
    ],
    ["holds half a key", (file) => writeFileSync(file, "AWS_ACCESS_KEY_ID=secret"), /only one half/],
    ["is too large", (file) => writeFileSync(file, "x".repeat(70_000)), /too large/],
    [
      "can be written by everybody",
      (file) => {
        writeFileSync(file, "AWS_ACCESS_KEY_ID=secret");
        chmodSync(file, 0o646);
      },
      /can be written by everybody/,
    ],
  ];
  for (const [name, make, message] of refused)
    test(`that ${name} is refused, and nothing of it said`, async () => {
      await using work = temporaryFolder();
      const file = work.join("keys");
      make(file);
      assert.throws(
        () => withCredentialsOf(file, "s3", {}),
        (error: Error & { code?: string; hint?: string }) => {
          assert.equal(error.code, "CredentialsInvalid");
          assert.match(error.message, message);
          assert.ok(error.message.includes(file));
          assert.doesNotMatch(`${error.message} ${error.hint}`, /secret/);
          return true;
        },
      );
    });
});
