import { z } from "zod";
import { parseQuantity } from "../quantity.ts";
import { withRules } from "./validation-rule.ts";

/** Bytes as a number or a Kubernetes quantity ("64Mi"); `quantityBytes` reads it. */
export const Quantity = withRules(z.union([z.int().nonnegative(), z.string().max(32)]), [
  {
    rule:
      "string(self).matches('^[0-9]{1,16}([.][0-9]{1,9})?([kMGTP]|[KMGTP]i)?$') && " +
      "quantity(string(self)).compareTo(quantity('8Pi')) < 0 && " +
      // isInteger says no to 1.5Gi.
      "double(int(quantity(string(self)).asApproximateFloat())) == quantity(string(self)).asApproximateFloat()",
    message: 'must be whole bytes, or a quantity such as "64Mi"',
    holds: (value) => typeof value === "number" || parseQuantity(value) !== undefined,
  },
]).meta({ "x-kubernetes-int-or-string": true });
export type Quantity = z.infer<typeof Quantity>;

/** Bytes of a quantity that was checked before. */
export function quantityBytes(quantity: Quantity): number {
  return typeof quantity === "number" ? quantity : (parseQuantity(quantity) ?? 0);
}
