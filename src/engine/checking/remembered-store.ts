/** A store that remembers what was written through it, so that all of it can be removed again even where nothing can be listed. */
import { LongshoreError } from "../../domain/errors.ts";
import type { MultipartUploads, ObjectStore, UploadPlace } from "../../domain/ports/object-store.ts";

export interface RememberedStore {
  readonly store: ObjectStore;
  /** The same for a store that reaches the same place in another way; what is written through either is remembered. */
  also(store: ObjectStore): ObjectStore;
  /** Removes objects and uploads below the prefix. Says the keys that are left, and "upload of KEY"; throws nothing of the catalogue. */
  clear(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
}

export function rememberWritten(store: ObjectStore): RememberedStore {
  const memory: Memory = { keys: new Set(), uploads: new Map() };
  return {
    store: remembering(store, memory),
    also: (other) => remembering(other, memory),
    clear: (prefix, signal) => clear(store, prefix, memory, signal),
  };
}

interface Memory {
  readonly keys: Set<string>;
  /** By key and id. */
  readonly uploads: Map<string, UploadPlace>;
}

/** A key is remembered before it is asked for: a call that fails may have been carried out. */
function remembering(store: ObjectStore, { keys, uploads }: Memory): ObjectStore {
  const { multipart } = store;
  return {
    ...store,
    put: (key, payload, signal) => store.put(noted(key), payload, signal),
    putIfAbsent: (key, payload, signal) => store.putIfAbsent(noted(key), payload, signal),
    copy: (from, key, signal) => store.copy(from, noted(key), signal),
    ...(multipart === undefined ? undefined : { multipart: rememberedUploads(multipart) }),
  };

  function noted(key: string): string {
    keys.add(key);
    return key;
  }

  function rememberedUploads(made: MultipartUploads): MultipartUploads {
    return {
      ...made,
      begin: async (key, type, signal) => {
        const id = await made.begin(noted(key), type, signal);
        uploads.set(`${key}\0${id}`, { key, id });
        return id;
      },
      complete: async (upload, parts, signal) => {
        const completed = await made.complete(upload, parts, signal);
        if (completed !== "refused") uploads.delete(`${upload.key}\0${upload.id}`);
        return completed;
      },
    };
  }
}

/** Objects removed by one request. */
const atOnce = 1000;

async function clear(
  store: ObjectStore,
  prefix: string,
  { keys, uploads }: Memory,
  signal: AbortSignal,
): Promise<string[]> {
  const begun = (): Promise<readonly UploadPlace[]> =>
    store.multipart?.uploads(prefix, signal) ?? Promise.resolve([]);
  for (const found of (await tried(begun, signal)) ?? []) uploads.set(`${found.key}\0${found.id}`, found);
  const left: string[] = [];
  for (const upload of uploads.values()) {
    const aborted = await tried(async () => store.multipart?.abort(upload, signal).then(() => true), signal);
    if (aborted !== true) left.push(`upload of ${upload.key}`);
  }
  const stored = [...keys];
  for (const key of (await tried(() => listed(store, prefix, signal), signal)) ?? [])
    if (!keys.has(key)) stored.push(key);
  for (let from = 0; from < stored.length; from += atOnce)
    left.push(...(await removed(store, stored.slice(from, from + atOnce), signal)));
  return left;
}

/** Those of the keys that could not be removed and are there, or may be. */
async function removed(store: ObjectStore, keys: readonly string[], signal: AbortSignal): Promise<string[]> {
  if ((await tried(() => store.remove(keys, signal).then(() => true), signal)) === true) return [];
  const left: string[] = [];
  for (const key of keys) {
    const isGone = await tried(async () => (await store.head(key, signal)) === undefined, signal);
    if (isGone !== true) left.push(key);
  }
  return left;
}

async function listed(store: ObjectStore, prefix: string, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix, after }, signal);
    found.push(...page.objects.map(({ key }) => key));
    after = page.objects.at(-1)?.key;
    if (page.isLast || after === undefined) return found;
  }
}

/** Undefined where the place refuses: what else can be removed still is. */
async function tried<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (signal.aborted || error instanceof LongshoreError) return undefined;
    throw error;
  }
}
