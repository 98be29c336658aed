import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { startProcess } from "@agent-bridge/process";
import { expect, test } from "vitest";

/** Starts a child with a child of its own, tells both pids, and leaves in order without ending them. */
const leaver = `
import { startProcess } from "@agent-bridge/process";
const script = "sleep 600 & echo $!; wait";
const running = startProcess({ command: "/bin/sh", args: ["-c", script], env: { PATH: process.env.PATH } });
for await (const line of running.lines) {
  process.stdout.write(running.pid + " " + line);
  process.exit(0);
}
`;

test("a process that exits in order ends the groups that it started", async () => {
  const args = ["--conditions=agent-bridge-source", "--input-type=module", "--eval", leaver];
  const told = execFileSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  const pids = told.split(" ").map(Number);
  expect(pids).toHaveLength(2);
  for (const pid of pids)
    await expect.poll(() => existsSync(`/proc/${pid}/cwd`), { timeout: 10_000 }).toBe(false);
});

test("many processes at once add one listener for the exit, and the last takes it away", async () => {
  const before = process.listenerCount("exit");
  const started = Array.from({ length: 20 }, () => startProcess({ command: "/bin/cat", env: {} }));
  expect(process.listenerCount("exit")).toBe(before + 1);
  await Promise.all(started.map(async (running) => await running.stop()));
  expect(process.listenerCount("exit")).toBe(before);
});
