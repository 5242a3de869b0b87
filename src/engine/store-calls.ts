/** Puts something around every call of an object store, so that a wrapper says once what it does. */
import type { MultipartUploads, ObjectContent, ObjectStore, Payload } from "../domain/ports/object-store.ts";

/** A call that asks the store. Signing a URL asks nobody. */
export type StoreOperation =
  | "check"
  | "put"
  | "put-if-absent"
  | "get"
  | "head"
  | "list"
  | "remove"
  | "copy"
  | "begin-upload"
  | "put-part"
  | "list-parts"
  | "complete-upload"
  | "made-of"
  | "abort-upload"
  | "list-uploads";

export type FoundContent = ObjectContent | "changed" | undefined;

export interface CallAround {
  /** Makes every call but `get`. */
  run<T>(operation: StoreOperation, call: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Makes a `get`, whose bytes come after its answer. */
  get(call: () => Promise<FoundContent>, signal: AbortSignal): Promise<FoundContent>;
  /** Makes a call that sends bytes. */
  send<T>(
    operation: StoreOperation,
    payload: Payload,
    call: (payload: Payload) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}

export function aroundCalls(store: ObjectStore, around: CallAround): ObjectStore {
  return {
    ...store,
    check: (signal) => around.run("check", () => store.check(signal), signal),
    put: (key, payload, signal) =>
      around.send("put", payload, (sent) => store.put(key, sent, signal), signal),
    putIfAbsent: (key, payload, signal) =>
      around.send("put-if-absent", payload, (sent) => store.putIfAbsent(key, sent, signal), signal),
    get: (key, wanted, signal) => around.get(() => store.get(key, wanted, signal), signal),
    head: (key, signal) => around.run("head", () => store.head(key, signal), signal),
    list: (query, signal) => around.run("list", () => store.list(query, signal), signal),
    remove: (keys, signal) => around.run("remove", () => store.remove(keys, signal), signal),
    copy: (from, key, signal) => around.run("copy", () => store.copy(from, key, signal), signal),
    ...(store.multipart === undefined ? undefined : { multipart: aroundUploads(store.multipart, around) }),
  };
}

function aroundUploads(uploads: MultipartUploads, around: CallAround): MultipartUploads {
  return {
    ...uploads,
    begin: (key, type, signal) => around.run("begin-upload", () => uploads.begin(key, type, signal), signal),
    put: (part, payload, signal) =>
      around.send("put-part", payload, (sent) => uploads.put(part, sent, signal), signal),
    list: (upload, after, signal) =>
      around.run("list-parts", () => uploads.list(upload, after, signal), signal),
    complete: (upload, parts, signal) =>
      around.run("complete-upload", () => uploads.complete(upload, parts, signal), signal),
    madeOf: (key, parts, signal) => around.run("made-of", () => uploads.madeOf(key, parts, signal), signal),
    abort: (upload, signal) => around.run("abort-upload", () => uploads.abort(upload, signal), signal),
    uploads: (prefix, signal) => around.run("list-uploads", () => uploads.uploads(prefix, signal), signal),
  };
}
