import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { document, makeHome } from "./home.ts";

test("doctor says what is wrong with one command each, and ends with 1", async () => {
  const home = makeHome();
  chmodSync(home.configFile, 0o666);
  const { code, stdout } = await home.run(["doctor"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/PROBLEM +config file +Others may write/);
  expect(stdout).toContain(`mend: chmod go-w ${home.configFile}`);
  expect(stdout).toMatch(new RegExp(`Next:\\n +chmod go-w ${home.configFile}\n$`));
});

test("doctor --json holds every finding, and ends with 0 where nothing keeps it from working", async () => {
  const home = makeHome();
  chmodSync(home.configFile, 0o600);
  const { code, stdout, stderr } = await home.run(["doctor", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { findings, ...report } = document(stdout) as { findings: { check: string }[] };
  expect(report).toMatchObject({ ok: true, level: "warn", isHeld: false });
  const names = new Set(findings.map(({ check }) => check));
  for (const check of ["node", "sqlite", "runners", "authority", "clock", "daemon", "orphans"])
    expect(names).toContain(check);
});

test("without a configuration doctor names the one command to begin with, which works", async () => {
  const home = makeHome();
  rmSync(home.configFile);
  const { code, stdout } = await home.run(["doctor", "--json"]);
  expect(code).toBe(1);
  expect(existsSync(home.state)).toBe(false);
  const { next } = document(stdout) as { next: string };
  execFileSync("/bin/sh", ["-c", next]);
  expect(await home.run(["config", "check"])).toMatchObject({ code: 0 });
});

test("beside a daemon doctor asks that one", async () => {
  const home = makeHome();
  const daemon = await home.up();
  const { code, stdout } = await home.run(["doctor"]);
  expect(code).toBe(0);
  expect(stdout).toContain(`The daemon (process ${daemon.child.pid}, agent-bridge`);
});
