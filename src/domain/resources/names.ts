/** Names as Kubernetes has them (apimachinery, IsDNS1123Subdomain and IsDNS1123Label). */
import { z } from "zod";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/** Of an object: lower-case letters, digits, "-" and "."; it becomes a folder's and a file's name. */
export const ResourceName = z
  .string()
  .max(200)
  .regex(new RegExp(`^${label}(\\.${label})*$`), {
    error: "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
  })
  .describe("Lower-case letters, digits, '-' and '.', at most 200 of them.");

export const NamespaceName = z
  .string()
  .max(63)
  .regex(new RegExp(`^${label}$`), {
    error: "must be lower-case letters, digits and '-', beginning and ending with a letter or digit",
  })
  .describe("Lower-case letters, digits and '-', at most 63 of them.");

/** Of an object that is not ours: whatever Kubernetes takes (IsDNS1123Subdomain). */
export const ObjectName = z
  .string()
  .min(1)
  .max(253)
  .regex(new RegExp(`^${label}(\\.${label})*$`), {
    error: "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
  });
