/** Maps of a limited number of members: a schema's rules are only as cheap as its largest document. */
import { z } from "zod";

/** From texts of at most 317 characters (a key with its prefix) to values. */
export const boundedMap = <V extends z.ZodType>(value: V, most: number) =>
  z
    .record(z.string().min(1).max(317), value)
    .refine((map) => Object.keys(map).length <= most, { error: `must have at most ${most} members` })
    .meta({ maxProperties: most });
