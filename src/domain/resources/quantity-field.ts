import { z } from "zod";
import { parseQuantity } from "../quantity.ts";

/** Bytes as a number or a Kubernetes quantity ("64Mi"); `quantityBytes` reads it. */
export const Quantity = z
  .union([z.int().nonnegative(), z.string().max(32)])
  .refine((value) => typeof value === "number" || parseQuantity(value) !== undefined, {
    error: 'must be whole bytes, or a quantity such as "64Mi"',
  })
  .meta({ "x-kubernetes-int-or-string": true });
export type Quantity = z.infer<typeof Quantity>;

/** Bytes of a quantity that was checked before. */
export function quantityBytes(quantity: Quantity): number {
  return typeof quantity === "number" ? quantity : (parseQuantity(quantity) ?? 0);
}
