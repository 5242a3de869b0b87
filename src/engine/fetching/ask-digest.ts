/** Asks the server what a file must hash to: a store to which it redirects gives the bytes, and knows no digest of ours. */
import { digestOfRepresentation } from "./answer-headers.ts";
import { askServer } from "./ask-server.ts";
import type { RemoteFile } from "./remote-file.ts";
import type { Session } from "./session.ts";

/** Adds it to what is known of the file, if the server says one. Throws what ends a download. */
export async function askDigest(
  { server, patience }: Session,
  file: RemoteFile,
  signal: AbortSignal,
): Promise<void> {
  const lane = patience.newLane();
  const question = { url: file.url, method: "HEAD", range: undefined, condition: {} } as const;
  while (file.sha256 === undefined) {
    const answered = await askServer(server, question, signal);
    if (answered.kind === "trouble") {
      await lane.failed(answered, signal);
      continue;
    }
    using answer = answered;
    // Its tag is not kept: the server would have to answer whatever names it, in place of the store.
    if (!answer.isForeign) file.sha256 = digestOfRepresentation(answer.answer.headers["repr-digest"]);
    return;
  }
}
