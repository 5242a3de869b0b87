/** Azure's driver against a server that speaks its API: as destination, as source, and what blocks and lists have of their own. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import type { ContainerClient } from "@azure/storage-blob";
import { testDestination } from "../../../test/conformance/destination.ts";
import { testSource } from "../../../test/conformance/source.ts";
import {
  azureBucket,
  azureEnv,
  azureLocation,
  blocksOf,
  createContainer,
  openAzure,
  openAzureDestination,
} from "../../../test/fixtures/azure-containers.ts";
import { freshPrefix, openSourceIn, textPayload } from "../../../test/fixtures/buckets.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../../../test/servers/azurite.ts";

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
