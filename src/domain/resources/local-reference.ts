/** Names an object of another kind that lies in the same namespace; none can be named in another one. */
import { z } from "zod";
import { ObjectName } from "./names.ts";

export const LocalReference = z.strictObject({
  name: ObjectName.describe("Of an object in the same namespace."),
});
