import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isRunning, makeHome } from "./home.ts";

test("an interrupt ends the demo with its daemon, and takes its folder away", async () => {
  const home = makeHome();
  const temporary = join(home.folder, "tmp");
  mkdirSync(temporary);
  const demo = home.start(["demo"], { env: { TMPDIR: temporary } });
  await expect.poll(demo.stdout, { timeout: 15_000 }).toMatch(/daemon +up, pid \d+/);
  expect(readdirSync(temporary)).toContainEqual(expect.stringMatching(/^agent-bridge-demo-/));
  const pid = Number(/daemon +up, pid (\d+)/.exec(demo.stdout())?.[1]);
  demo.child.kill("SIGINT");
  expect(await demo.ended).toMatchObject({ code: 130, stderr: "" });
  expect(readdirSync(temporary).filter((name) => name.startsWith("agent-bridge-demo-"))).toEqual(
    [],
  );
  expect(isRunning(pid)).toBe(false);
});
