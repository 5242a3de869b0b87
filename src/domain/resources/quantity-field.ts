/** A size in bytes as resources say it. */
import { z } from "zod";
import { parseQuantity, quantityPattern } from "../quantity.ts";
import { withRules } from "./validation-rule.ts";

/** Bytes as a number or a Kubernetes quantity ("64Mi"); `quantityBytes` reads it. */
export const Quantity = withRules(z.union([z.int().nonnegative(), z.string().max(32)]), [
  {
    rule:
      `string(self).matches('${quantityPattern}') && ` +
      "quantity(string(self)).compareTo(quantity('0')) >= 0 && " +
      `quantity(string(self)).compareTo(quantity('${Number.MAX_SAFE_INTEGER}')) <= 0`,
    message: 'must be bytes, as a number or a quantity such as "64Mi"',
    holds: (value) => typeof value === "number" || parseQuantity(value) !== undefined,
  },
]).meta({ "x-kubernetes-int-or-string": true });
export type Quantity = z.infer<typeof Quantity>;

/** Bytes of a quantity that was checked before. */
export function quantityBytes(quantity: Quantity): number {
  return typeof quantity === "number" ? quantity : (parseQuantity(quantity) ?? 0);
}
