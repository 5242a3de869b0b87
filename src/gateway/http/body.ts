/** Which bodies are taken, and how they are read. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { LongshoreError } from "../../domain/errors.ts";
import { parseJsonBody } from "./json-body.ts";

export const jsonType = "application/json";
/** RFC 7396 */
export const mergePatchType = "application/merge-patch+json";

export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    [jsonType, mergePatchType],
    { parseAs: "buffer" },
    async (request: FastifyRequest, body: Buffer) => {
      const encoding = request.headers["content-encoding"] ?? "identity";
      if (encoding !== "identity")
        throw new LongshoreError("UnsupportedMediaType", "the body is encoded; send it as it is");
      return parseJsonBody(body);
    },
  );
}
