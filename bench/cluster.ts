/**
 * Measures the operator on a real cluster: the one that KUBECONFIG names, or the tests' own.
 *   npm run bench:cluster -- latency [--runs 7]
 *   npm run bench:cluster -- scale [--exports 1000] [--rest 330]
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { BenchError } from "./bench-error.ts";
import { measureLatency } from "./cluster-latency.ts";
import { measureScale } from "./cluster-scale.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "7" },
    exports: { type: "string", default: "1000" },
    rest: { type: "string", default: "330" },
  },
});
const load = (loadavg()[0] ?? 0).toFixed(1);
try {
  process.stdout.write(`${await measured(positionals[0])}\n\nLoad average before: ${load}.\n`);
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`bench:cluster: ${error.message}\n`);
  process.exitCode = 1;
}

function measured(work: string | undefined): Promise<string> {
  if (work === "latency") return measureLatency(count(values.runs));
  if (work === "scale") return measureScale({ exports: count(values.exports), rest: count(values.rest) });
  throw new BenchError("say what to measure: latency or scale");
}

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new BenchError(`${JSON.stringify(text)} is no number above zero`);
  return Number(text);
}
