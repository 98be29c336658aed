/**
 * Runs the official conformance suite against our server: with the suite's fixtures on our real stack, and against
 * the production server what needs no fixtures. Prints a line for each run; ends with 1 when one of them fails.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createBridge, systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { fixtureRunner } from "./fixture-runner.ts";
import { serveFixtures, serveProduction } from "./fixture-server.ts";

const suite = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
  "dist/index.js",
);

const taskScenarios = [
  "tasks-lifecycle",
  "tasks-capability-negotiation",
  "tasks-wire-fields",
  "tasks-request-state-removal",
  "tasks-mrtr-input",
  "tasks-request-headers",
  "tasks-dispatch-and-envelope",
  "tasks-status-notifications",
  "tasks-required-task-error",
  "tasks-mrtr-composition",
];

/** What production passes as it is: scenarios that call none of the suite's fixtures. */
const fixtureFree: readonly (readonly [string, string])[] = [
  ["server-initialize", "2025-11-25"],
  ["ping", "2025-11-25"],
  ["tools-list", "2025-11-25"],
  ["resources-list", "2025-11-25"],
  ["prompts-list", "2025-11-25"],
  ["dns-rebinding-protection", "2025-11-25"],
  ["tools-list", "2026-07-28"],
  ["resources-list", "2026-07-28"],
  ["prompts-list", "2026-07-28"],
  ["sep-2164-resource-not-found", "2026-07-28"],
  ["dns-rebinding-protection", "2026-07-28"],
];

interface Run {
  readonly name: string;
  readonly args: readonly string[];
}

/** Runs the suite once; its output is shown when it fails. */
async function run({ name, args }: Run, url: string): Promise<boolean> {
  const begun = performance.now();
  const { code, out } = await new Promise<{ code: number; out: string }>((resolve) => {
    execFile(
      process.execPath,
      [suite, "server", "--url", url, ...args],
      { maxBuffer: 64 * 1024 * 1024, timeout: 300_000 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: `${stdout}${stderr}` }),
    );
  });
  const counts = out.match(/^(?:Total|Passed): .*$|^Not scored .*failing/gm)?.join("; ") ?? "";
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s) ${counts}`);
  if (code !== 0 || process.argv.includes("--verbose")) console.log(out);
  return code === 0;
}

const folder = mkdtempSync(join(tmpdir(), "agent-bridge-conformance-"));
const store = sqliteStore({
  path: join(folder, "bridge.db"),
  clock: systemClock(),
  random: systemRandom,
});
const bridge = createBridge({
  store,
  routes: [{ kind: "prompt", from: ["suite"], runner: "fixture" }],
  runners: [fixtureRunner],
  limits: { concurrency: 16 },
});
await bridge.start();
const fixtures = await serveFixtures(bridge);
const production = await serveProduction(bridge);
let passed = 0;
let failed = 0;
const count = (isGood: boolean): void => void (isGood ? passed++ : failed++);
try {
  for (const revision of ["2025-11-25", "2026-07-28"]) {
    const args = ["--requirements", revision];
    count(await run({ name: `requirements of ${revision}`, args }, fixtures.url));
  }
  for (const scenario of taskScenarios) {
    const args = ["--scenario", scenario, "--spec-version", "2026-07-28", "--force"];
    count(await run({ name: scenario, args }, fixtures.url));
  }
  for (const [scenario, revision] of fixtureFree) {
    const args = ["--scenario", scenario, "--spec-version", revision];
    count(await run({ name: `production: ${scenario}, ${revision}`, args }, production.url));
  }
} finally {
  await fixtures.close();
  await production.close();
  await bridge.stop();
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
