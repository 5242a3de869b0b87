/** What every resource says of itself, as Kubernetes' ObjectMeta. */
import { z } from "zod";
import { NamespaceName, ResourceName } from "./names.ts";

const Labels = z.record(z.string().min(1).max(317), z.string().max(63));
const Annotations = z.record(z.string().min(1).max(317), z.string().max(4096));

export const ObjectMeta = z.strictObject({
  name: ResourceName,
  namespace: NamespaceName,
  uid: z.string().max(64),
  /** Changes with every write, and grows; compared only for being equal. */
  resourceVersion: z.string().max(32),
  /** Grows with every change of `spec`. */
  generation: z.int().nonnegative(),
  creationTimestamp: z.iso.datetime(),
  /** Set when somebody asked for its deletion and a finalizer still has work to do. */
  deletionTimestamp: z.iso.datetime().optional(),
  finalizers: z.array(z.string().max(253)).max(16).optional(),
  labels: Labels.optional(),
  annotations: Annotations.optional(),
});
export type ObjectMeta = z.infer<typeof ObjectMeta>;

/** What a person may say of it. The rest is the store's; it may stand there, as in a document that was read before. */
export const ObjectMetaInput = z.strictObject({
  ...ObjectMeta.partial().shape,
  name: ResourceName,
});
export type ObjectMetaInput = z.infer<typeof ObjectMetaInput>;
