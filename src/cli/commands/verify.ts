import { Command } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
export function verifyCommand(_context: CliContext) { return new Command("verify"); }
