import { readdirSync, readlinkSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { isRunning, makeHome, workingConfig, type Home } from "./home.ts";

/** What works for the operator and for local MCP clients, in daemons that start fast. */
export const clientConfig = {
  ...workingConfig,
  routes: [{ kind: "prompt", from: ["operator", "local"], runner: "scripted" }],
};

/** A home whose daemons may be started on demand: those that run after the test are ended. */
export function homeOnDemand(config: object = clientConfig): Home {
  const home = makeHome();
  const cache = home.env["NODE_COMPILE_CACHE"];
  const env = { GREETING: "from the configuration", NODE_COMPILE_CACHE: cache };
  home.writeConfig({ ...config, daemon: { env } });
  onTestFinished(async () => {
    for (const pid of daemonsOf(home)) process.kill(pid, "SIGKILL");
    await expect.poll(() => daemonsOf(home)).toEqual([]);
  });
  return home;
}

/** Every process whose current folder is the home's state folder, as a background daemon's is. */
export function daemonsOf(home: Home): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isRunning(pid) && cwdOf(pid) === home.state);
}

function cwdOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It has just ended, or is not ours.
    return undefined;
  }
}
