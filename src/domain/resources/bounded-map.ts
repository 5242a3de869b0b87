/** Maps of a limited number of members: a schema's rules are only as cheap as its largest document. */
import { z } from "zod";

/** Of a key with its prefix. */
const longestKey = 317;

/** From texts to values. What an API server can't say of keys is a rule here, so that a map with others still has its shape. */
export const boundedMap = <V extends z.ZodType>(value: V, most: number) =>
  z
    .record(z.string(), value)
    .refine((map) => Object.keys(map).length <= most, { error: `must have at most ${most} members` })
    .refine((map) => Object.keys(map).every((key) => key !== "" && key.length <= longestKey), {
      error: `must have keys of 1 to ${longestKey} characters`,
    })
    .meta({ maxProperties: most });
