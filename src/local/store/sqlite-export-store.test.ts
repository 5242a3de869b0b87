import { test } from "node:test";
import { randomUUID } from "node:crypto";
import { testExportStore } from "../../../test/conformance/export-store.ts";
import { newDestination } from "../../../test/fixtures/resources.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import { openDatabase } from "./open-database.ts";
import { sqliteExportStore } from "./sqlite-export-store.ts";

const { signal } = new AbortController();

testExportStore("sqlite", async () => {
  const folder = temporaryFolder();
  const database = openDatabase(folder.join("data"));
  const history = { changes: 1000, characters: 2 ** 28 };
  const store = sqliteExportStore(database, { newId: randomUUID, clock: Date, history });
  return {
    store,
    namespaces: ["a", "b"],
    forget: async () => {
      for (let i = 0; i < 1001; i++)
        await store.create(
          "ExportDestination",
          newDestination({ namespace: "z", name: `forget-${i}` }),
          signal,
        );
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});
void test;
