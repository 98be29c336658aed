import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDaemon, isRunning, resolvePaths, type HostPaths } from "@agent-bridge/host";
import { type Figure, figureOf } from "./figures.ts";

const command = join(import.meta.dirname, "../../packages/cli/bin/agent-bridge.js");

const clientInfo = { name: "bench", version: "1" };
const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
const initialize = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });

interface Start {
  readonly readyMs: number;
  readonly residentMb: number;
}

/** Starts a front as a client does, and waits until its handshake is answered. */
async function startFront(env: NodeJS.ProcessEnv): Promise<Start> {
  const started = performance.now();
  const front = spawn(process.execPath, [command, "mcp"], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  front.stdin.write(`${initialize}\n`);
  await once(front.stdout, "data");
  const readyMs = performance.now() - started;
  const status = readFileSync(`/proc/${front.pid}/status`, "utf8");
  front.stdin.end();
  await once(front, "exit");
  return { readyMs, residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
}

async function stopDaemon(paths: HostPaths): Promise<void> {
  await using client = await connectDaemon(paths);
  await client.call("stop", {});
  while (isRunning(client.daemon.pid)) await sleep(20);
}

/** How soon an MCP client is served through the built front, with a daemon and without one, and what the front takes. */
export async function measureFronts(rounds: number): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "agent-bridge-front-"));
  writeFileSync(join(home, "config.jsonc"), '{"routes": []}', { mode: 0o600 });
  const env = { ...process.env, AGENT_BRIDGE_HOME: home };
  const paths = resolvePaths({ env });
  const cold: Start[] = [];
  const warm: Start[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      cold.push(await startFront(env));
      warm.push(await startFront(env), await startFront(env));
      await stopDaemon(paths);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  const ready = (starts: readonly Start[]): readonly number[] => starts.map((it) => it.readyMs);
  const memory = warm.map((it) => it.residentMb);
  return [
    figureOf("mcp front ready, a daemon runs", "ms", ready(warm)),
    figureOf("mcp front ready, none runs", "ms", ready(cold)),
    figureOf("mcp front, resident memory", "MB", memory),
  ];
}
