/** Puts something around every call of an object store, so that a wrapper says once what it does. */
import { LongshoreError } from "../domain/errors.ts";
import type {
  MultipartUploads,
  ObjectContent,
  ObjectStore,
  Payload,
  WantedRange,
} from "../domain/ports/object-store.ts";

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
  | "copy-part"
  | "list-parts"
  | "complete-upload"
  | "made-of"
  | "abort-upload"
  | "list-uploads";

export type FoundContent = ObjectContent | "changed" | undefined;

/** Made as often as it pleases; of another store than the one that it is around, where one is given. */
type Call<T> = (asked?: ObjectStore) => Promise<T>;

export interface WantedObject {
  readonly key: string;
  readonly wanted: WantedRange;
}

export interface CallAround {
  /** Makes every call that has no way of its own here. */
  readonly run: <T>(operation: StoreOperation, call: Call<T>, signal: AbortSignal) => Promise<T>;
  /** Makes a `get`, whose bytes come after its answer, of this range or another one. */
  readonly get?: (
    object: WantedObject,
    call: (wanted?: WantedRange) => Promise<FoundContent>,
    signal: AbortSignal,
  ) => Promise<FoundContent>;
  /** Makes a call that sends bytes. */
  readonly send?: <T>(
    operation: StoreOperation,
    payload: Payload,
    call: (payload: Payload) => Promise<T>,
    signal: AbortSignal,
  ) => Promise<T>;
  /** Signs a URL; where it is not there, nothing is put around that. */
  readonly sign?: <T>(call: Call<T>, signal: AbortSignal) => Promise<T>;
}

export function aroundCalls(store: ObjectStore, around: CallAround): ObjectStore {
  const { run } = around;
  const send = senderOf(around);
  return {
    ...store,
    check: (signal) => run("check", (asked = store) => asked.check(signal), signal),
    put: (key, payload, signal) =>
      send("put", payload, (sent, asked = store) => asked.put(key, sent, signal), signal),
    putIfAbsent: (key, payload, signal) =>
      send("put-if-absent", payload, (sent, asked = store) => asked.putIfAbsent(key, sent, signal), signal),
    get: (key, wanted, signal) =>
      around.get === undefined
        ? run("get", (asked = store) => asked.get(key, wanted, signal), signal)
        : around.get({ key, wanted }, (range = wanted) => store.get(key, range, signal), signal),
    head: (key, signal) => run("head", (asked = store) => asked.head(key, signal), signal),
    list: (query, signal) => run("list", (asked = store) => asked.list(query, signal), signal),
    remove: (keys, signal) => run("remove", (asked = store) => asked.remove(keys, signal), signal),
    copy: (from, key, signal) => run("copy", (asked = store) => asked.copy(from, key, signal), signal),
    ...(store.presign === undefined ? undefined : { presign: aroundSigning(store, around.sign) }),
    ...(store.multipart === undefined
      ? undefined
      : { multipart: aroundUploads(store, store.multipart, around) }),
  };
}

type Send = <T>(
  operation: StoreOperation,
  payload: Payload,
  call: (payload: Payload, asked?: ObjectStore) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

const senderOf = ({ send, run }: CallAround): Send =>
  send ?? ((operation, payload, call, signal) => run(operation, (asked) => call(payload, asked), signal));

function aroundSigning(
  store: ObjectStore,
  sign: CallAround["sign"] = (call) => call(),
): NonNullable<ObjectStore["presign"]> {
  return (key, terms, signal) => sign((asked = store) => having(asked.presign)(key, terms, signal), signal);
}

function aroundUploads(store: ObjectStore, first: MultipartUploads, around: CallAround): MultipartUploads {
  const { run } = around;
  const send = senderOf(around);
  const of = (asked = store): MultipartUploads => having(asked.multipart);
  return {
    ...first,
    begin: (key, type, signal) => run("begin-upload", (asked) => of(asked).begin(key, type, signal), signal),
    put: (part, payload, signal) =>
      send("put-part", payload, (sent, asked) => of(asked).put(part, sent, signal), signal),
    ...(first.copy === undefined
      ? undefined
      : {
          copy: (part, from, signal) =>
            run("copy-part", (asked) => having(of(asked).copy)(part, from, signal), signal),
        }),
    list: (upload, after, signal) =>
      run("list-parts", (asked) => of(asked).list(upload, after, signal), signal),
    complete: (upload, parts, signal) =>
      run("complete-upload", (asked) => of(asked).complete(upload, parts, signal), signal),
    madeOf: (key, parts, signal) => run("made-of", (asked) => of(asked).madeOf(key, parts, signal), signal),
    abort: (upload, signal) => run("abort-upload", (asked) => of(asked).abort(upload, signal), signal),
    uploads: (prefix, signal) => run("list-uploads", (asked) => of(asked).uploads(prefix, signal), signal),
  };
}

/** Of a store that can do it; another one of the same bucket may have come in its place. */
function having<T>(ability: T | undefined): T {
  if (ability !== undefined) return ability;
  throw new LongshoreError("CredentialsInvalid", "the credentials were replaced by others that can do less");
}
