import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDaemon, resolvePaths } from "@agent-bridge/host";
import { type Figure, figureOf } from "./figures.ts";

const command = join(import.meta.dirname, "../../packages/cli/bin/agent-bridge.js");

/** Clock ticks of user and system time of a process (Linux: 100 a second). */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function residentMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}

/** What a daemon without work costs, as it is built: processor time of one core, and resident memory. */
export async function measureIdle(forMs: number): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "agent-bridge-idle-"));
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const config = {
    plugins: { "@agent-bridge/plugin-codex": {} },
    routes: [{ kind: "prompt", from: "*", runner: "codex" }],
  };
  writeFileSync(join(home, "config.jsonc"), JSON.stringify(config), { mode: 0o600 });
  const env = { ...process.env, AGENT_BRIDGE_HOME: home };
  const started = performance.now();
  const daemon = spawn(process.execPath, [command, "up"], {
    env,
    stdio: "ignore",
  });
  const pid = daemon.pid as number;
  try {
    const paths = resolvePaths({ env });
    let readyMs = Number.NaN;
    for (;;) {
      const client = await connectDaemon(paths).catch(() => undefined);
      if (client === undefined) {
        await sleep(20);
        continue;
      }
      await client.close();
      readyMs = performance.now() - started;
      break;
    }
    await sleep(3000);
    const before = ticksOf(pid);
    await sleep(forMs);
    const share = ((ticksOf(pid) - before) / (forMs / 10)) * 100;
    return [
      figureOf("idle daemon, processor of one core", "%", [share]),
      figureOf("idle daemon, resident memory", "MB", [residentMb(pid)]),
      figureOf("start of a daemon", "ms", [readyMs]),
    ];
  } finally {
    daemon.kill("SIGTERM");
    await new Promise((resolve) => daemon.once("exit", resolve));
    rmSync(home, { recursive: true, force: true });
  }
}
