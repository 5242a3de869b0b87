/** What a store must do that makes one object out of parts, permission by permission, and whether it verifies what it stores. */
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type { MultipartUploads, PartFacts, Payload, UploadPlace } from "../../domain/ports/object-store.ts";
import { type Check, type CheckedStore, expect } from "./check.ts";
import { bytesAt, keysBelow, payload, sampleBytes } from "./samples.ts";

type StoreCheck = Check<CheckedStore>;

interface Uploading {
  readonly uploads: MultipartUploads;
  readonly upload: UploadPlace;
  readonly key: string;
}

/** Runs with an upload that was begun. */
const withUpload =
  (use: (begun: Uploading, place: CheckedStore, signal: AbortSignal) => Promise<void>): StoreCheck["run"] =>
  async (place, signal) => {
    const uploads = place.store.multipart;
    if (uploads === undefined) return undefined;
    const key = `${place.prefix}made of parts`;
    await use(
      { uploads, key, upload: { key, id: await uploads.begin(key, "text/plain", signal) } },
      place,
      signal,
    );
    return undefined;
  };

const begin: StoreCheck = {
  name: "lets uploads be begun and parts be sent",
  needs: "multipart",
  run: withUpload(async ({ uploads, upload }, _place, signal) => {
    const bytes = sampleBytes(1000, "part");
    const sent = await uploads.put({ ...upload, number: 2 }, payload(bytes), signal);
    expect(sent.size === bytes.length && sent.number === 2, "a part is another than was sent");
  }),
};

const listParts: StoreCheck = {
  name: "lets the parts of an upload be listed",
  needs: "multipart",
  run: withUpload(async ({ uploads, upload }, _place, signal) => {
    expect((await uploads.list(upload, 0, signal)).parts.length === 0, "it lists parts that nobody has sent");
    const sent: PartFacts[] = [];
    for (const number of [1, 2, 3])
      sent.push(await uploads.put({ ...upload, number }, payload(sampleBytes(1000, `${number}`)), signal));
    const { parts } = await uploads.list(upload, 1, signal);
    const tags = (facts: readonly PartFacts[]): string => facts.map(({ etag }) => etag).join();
    expect(tags(parts) === tags(sent.slice(1)), "it lists other parts than were sent");
  }),
};

const listUploads: StoreCheck = {
  name: "lets unfinished uploads be listed",
  needs: "multipart",
  run: withUpload(async ({ uploads, upload }, { prefix }, signal) => {
    const found = await uploads.uploads(prefix, signal);
    expect(
      found.length === 1 && found[0]?.key === upload.key && found[0].id === upload.id,
      `of one unfinished upload it lists ${found.length}`,
    );
  }),
};

const abort: StoreCheck = {
  name: "lets uploads be aborted",
  needs: "multipart",
  run: withUpload(async ({ uploads, upload }, _place, signal) => {
    await uploads.put({ ...upload, number: 1 }, payload(sampleBytes(1000, "1")), signal);
    await uploads.abort(upload, signal);
    await uploads.abort(upload, signal);
    const after = await uploads.list(upload, 0, signal).then(
      () => "listed",
      (error: unknown) => {
        if (hasCode(error, "UploadLost")) return "lost";
        throw error;
      },
    );
    expect(after === "lost", "an upload goes on that was aborted");
  }),
};

const complete: StoreCheck = {
  name: "makes one object of parts that came in any order, and shows nothing of it before",
  needs: "multipart",
  run: withUpload(async ({ uploads, upload, key }, { store, prefix }, signal) => {
    // Every part but the last must have the size that the store asks for.
    const contents = [sampleBytes(Math.max(1000, uploads.smallestPart) + 1, "one"), sampleBytes(1002, "two")];
    const parts: PartFacts[] = [];
    for (const number of [2, 1]) {
      const bytes = contents[number - 1] ?? Buffer.alloc(0);
      parts.unshift(await uploads.put({ ...upload, number }, payload(bytes), signal));
    }
    expect(
      (await keysBelow(store, { prefix }, signal)).length === 0,
      "an object is seen before it is complete",
    );
    const large = parts.slice(0, 1);
    const missing = large.map((part) => ({ ...part, number: 7 }));
    expect(
      (await uploads.complete(upload, [...large, ...missing], signal)) === "refused",
      "it makes an object of parts that nobody has sent",
    );
    const made = await uploads.complete(upload, parts, signal);
    expect(made !== "refused", "it makes no object of the parts that it has");
    expect(
      (await bytesAt(store, key, signal))?.equals(Buffer.concat(contents)) === true,
      "the object is other bytes than its parts",
    );
    expect((await uploads.uploads(prefix, signal)).length === 0, "an upload goes on that was completed");
  }),
};

/** Refusals by which a store may tell that bytes are not those of their checksum. */
const refusals = new Set(["StoreFailed", "StoreUnsupported", "CredentialsInvalid"]);

const verifies: StoreCheck = {
  name: "verifies what it stores: a part with a wrong checksum is refused",
  needs: "multipart",
  run: async ({ once, prefix }, signal) => {
    const uploads = once.multipart;
    if (uploads === undefined) return undefined;
    const key = `${prefix}tampered`;
    const upload = { key, id: await uploads.begin(key, "text/plain", signal) };
    const said = payload(sampleBytes(1000, "said"));
    const sent = payload(sampleBytes(1000, "sent"));
    const put = async (open: () => Uint8Array): Promise<"refused" | "taken" | "unsent"> => {
      const tampered: Payload = { ...said, open };
      try {
        await uploads.put({ ...upload, number: 1 }, tampered, signal);
        return "taken";
      } catch (error) {
        signal.throwIfAborted();
        const code = error instanceof LongshoreError ? error.code : "";
        if (code === "ScratchFailed") return "unsent";
        if (!refusals.has(code)) throw error;
        return "refused";
      }
    };
    const bytesOf = (content: Payload): Uint8Array => content.open() as Uint8Array;
    let outcome = await put(() => bytesOf(sent));
    // A driver that reads the bytes before it sends them sees by itself that they are others.
    let times = 0;
    if (outcome === "unsent") outcome = await put(() => bytesOf(times++ === 0 ? said : sent));
    if (outcome === "taken")
      return { reason: "it does not: bytes that change on their way are found by `longshore verify` alone" };
    const { parts } = await uploads.list(upload, 0, signal);
    expect(parts.length === 0, "a part that was refused is there");
    return undefined;
  },
};

export const uploadChecks: readonly StoreCheck[] = [begin, listParts, listUploads, abort, complete, verifies];
