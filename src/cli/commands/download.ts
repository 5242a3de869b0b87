import { Command } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
export function downloadCommand(_context: CliContext) { return new Command("download"); }
