import type { Command } from "commander";
import { wholeNumber, type CommonOptions } from "../command.ts";

/** The options of every list. */
export interface PageOptions extends CommonOptions {
  readonly limit: number;
  readonly after?: string;
}

/** Gives a list its paging. */
export function addPageOptions(command: Command): Command {
  const limit = wholeNumber("--limit", { from: 1, to: 1000 });
  return command
    .option("--limit <count>", "how many at most", limit, 50)
    .option("--after <page>", "go on behind a page, with what it gave as next");
}

/** The page that the options ask for. */
export function pageOf({ limit, after }: PageOptions): { limit: number; after?: string } {
  return { limit, ...(after === undefined ? {} : { after }) };
}

/** How to see the rest. */
export function nextPageNote(next: string | null): readonly string[] {
  return next === null ? [] : [`There are more: --after ${next}`];
}
