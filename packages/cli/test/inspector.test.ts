import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { homeOnDemand } from "./background-daemons.ts";
import { front } from "./sdk-clients.ts";

const inspector = join(
  createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json"),
  "../clients/launcher/build/index.js",
);

test.each(["modern", "legacy"])(
  "the Inspector's command line starts the bridge as its settings say, and speaks with it: %s",
  { timeout: 120_000 },
  async (era) => {
    const home = homeOnDemand();
    const settings = join(home.folder, "mcp.json");
    const server = { ...front, env: home.env };
    writeFileSync(settings, JSON.stringify({ mcpServers: { "agent-bridge": server } }));
    const inspect = async (...args: readonly string[]): Promise<{ code: number; out: string }> => {
      const which = ["--config", settings, "--server", "agent-bridge", "--protocol-era", era];
      return await new Promise((resolve) => {
        execFile(
          process.execPath,
          [inspector, "--cli", ...which, "--format", "json", ...args],
          { env: { ...home.env }, cwd: home.folder, timeout: 60_000 },
          (error, out) => resolve({ code: error === null ? 0 : Number(error.code), out }),
        );
      });
    };
    const listed = await inspect("--method", "tools/list");
    expect(listed).toMatchObject({ code: 0, out: expect.stringContaining("task_resume") });
    const call = ["--method", "tools/call", "--tool-name"];
    const started = await inspect(
      ...call,
      "task_start",
      "--tool-arg",
      "prompt=say hello",
      "wait_seconds=20",
    );
    expect(started).toMatchObject({ code: 0, out: expect.stringContaining("hello") });
    const refused = await inspect(...call, "task_get", "--tool-arg", "task_id=task_x");
    expect(refused).toMatchObject({ code: 5, out: expect.stringContaining("TASK_NOT_FOUND") });
  },
);
