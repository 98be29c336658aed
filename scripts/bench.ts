/**
 * Measures the bridge's own time on the way of a message, beside the time of one durable commit on the same
 * disk in the same run, what an idle daemon costs, and how soon an MCP client is served. Prints a table; `--json` prints the figures alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { measureCommit } from "./bench/durable-commit.ts";
import { type Figure, formatFigures } from "./bench/figures.ts";
import { measureIdle } from "./bench/idle-daemon.ts";
import { measureFeed } from "./bench/live-feed.ts";
import { measureFronts } from "./bench/mcp-front.ts";
import { measureStart } from "./bench/open-tasks.ts";
import { measureTrips } from "./bench/trips.ts";

const folder = mkdtempSync(join(tmpdir(), "agent-bridge-bench-"));
const figures: Figure[] = [];
try {
  const commit = measureCommit(join(folder, "commit.db"), 2000);
  figures.push(commit);
  figures.push(
    ...(await measureTrips(join(folder, "one.db"), { conversations: 1, messages: 500 })),
  );
  figures.push(
    ...(await measureTrips(join(folder, "hundred.db"), {
      conversations: 100,
      messages: 2000,
      everyMs: 5,
    })),
  );
  figures.push(...(await measureFeed(join(folder, "feed.db"))));
  figures.push(...(await measureStart(join(folder, "start.db"))));
  figures.push(...(await measureIdle(20_000)));
  figures.push(...(await measureFronts(10)));
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;
  if (process.argv.includes("--json")) console.log(JSON.stringify({ machine, figures }, null, 2));
  else console.log(formatFigures(machine, figures));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
