/** What the benchmark throws on purpose, so that `main` can tell a sentence for the user from a fault of its own. */
export class BenchError extends Error {
  override readonly name: string = "BenchError";
}

/** A wrong command line; ends with exit code 2 as the product's own CLI does. */
export class UsageError extends BenchError {
  override readonly name: string = "UsageError";
}
