/** Schemas of single values that stand in many documents. */
import { z } from "zod";

/** Of things or bytes. */
export const count = z.int().nonnegative();

/** A SHA-256 in lower-case hex. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
