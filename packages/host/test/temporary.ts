import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { resolvePaths, type HostPaths } from "../src/paths.ts";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bridge-host-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The paths of a bridge home of the test's own; inbox locks too are below `folder`. */
export function temporaryPaths(folder: string = temporaryFolder(), home = "home"): HostPaths {
  return resolvePaths({
    env: { AGENT_BRIDGE_HOME: join(folder, home), XDG_STATE_HOME: join(folder, "xdg") },
  });
}
