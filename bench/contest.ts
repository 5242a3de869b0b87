/** Lets tools run in turn, A B C A B C, so that whatever the machine does besides meets all of them alike. */
import { BenchError } from "./bench-error.ts";
import type { Sample } from "./measure.ts";
import type { ToolName } from "./tools/tool.ts";

export interface Contestant {
  readonly name: ToolName;
  readonly label: string;
  /** One run; `verify` asks for the proof of its result, after the timed span. */
  readonly run: (verify: boolean, signal: AbortSignal) => Promise<Sample>;
}

export interface Result {
  readonly name: ToolName;
  readonly label: string;
  /** In the order of rounds; the warm-up is not among them. */
  readonly samples: readonly Sample[];
  /** Why the tool was taken out, if it was. */
  readonly failure: string | undefined;
}

interface Entrant {
  readonly contestant: Contestant;
  readonly samples: Sample[];
  failure: string | undefined;
}

export interface Rounds {
  readonly measured: number;
  /** Without one, the first measured run is the one that is verified. */
  readonly warmUp: boolean;
  readonly say: (line: string) => void;
}

/** A tool that fails is taken out and named in its result; the others go on. Only an abort ends the contest. */
export async function contest(
  contestants: readonly Contestant[],
  rounds: Rounds,
  signal: AbortSignal,
): Promise<readonly Result[]> {
  const entrants = contestants.map((contestant): Entrant => ({
    contestant,
    samples: [],
    failure: undefined,
  }));
  const first = rounds.warmUp ? 0 : 1;
  for (let round = first; round <= rounds.measured; round++) {
    for (const entrant of entrants) {
      if (entrant.failure === undefined) await takeTurn(entrant, { round, first, say: rounds.say }, signal);
    }
  }
  return entrants.map(({ contestant: { name, label }, samples, failure }) => ({
    name,
    label,
    samples,
    failure,
  }));
}

interface Turn {
  readonly round: number;
  readonly first: number;
  readonly say: (line: string) => void;
}

async function takeTurn(entrant: Entrant, { round, first, say }: Turn, signal: AbortSignal): Promise<void> {
  const { label, run } = entrant.contestant;
  try {
    const sample = await run(round === first, signal);
    if (round > 0) entrant.samples.push(sample);
    say(`${round === 0 ? "warm-up" : `round ${round}`}  ${label}: ${sample.seconds.toFixed(2)} s`);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof BenchError)) throw error;
    entrant.failure = error.message;
    say(`${label} failed: ${error.message}`);
  }
}
