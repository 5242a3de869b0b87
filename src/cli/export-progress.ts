/** Follows an export's events: the progress bar, and notices as lines of their own. */
import type { EngineEvent } from "../engine/exporting/export-call.ts";
import type { CliContext } from "./context.ts";
import { showProgress } from "./progress.ts";

export interface TrackedExport extends AsyncDisposable {
  readonly onEvent: (event: EngineEvent) => void;
}

export function trackExport(context: CliContext, label: string): TrackedExport {
  const state = { done: 0, total: 0, open: true, parts: { done: 0, total: 0 }, files: 0 };
  const progress = showProgress(context.stderr, label, () => state, Date.now);
  let notices: Promise<void> = Promise.resolve();
  return {
    onEvent: (event) => {
      switch (event.kind) {
        case "notice":
          notices = notices.then(async () => {
            await progress.clear();
            await context.stderr.write(`longshore: ${event.message}\n`);
          });
          return;
        case "planned":
          state.total += event.content;
          state.parts.total += event.parts;
          state.open = !event.done;
          return;
        case "packed":
          state.done += event.content;
          state.files += event.files;
          return;
        case "part":
          state.parts.done++;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await notices;
      await progress[Symbol.asyncDispose]();
    },
  };
}
