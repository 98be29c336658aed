import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@agent-bridge/core";
import { formatMark, markVariable } from "@agent-bridge/process";
import { expect, onTestFinished, test } from "vitest";
import type { Check } from "../src/doctor/context.ts";
import { checks, runDoctor, type DoctorOptions, type DoctorReport } from "../src/doctor/doctor.ts";
import { ok } from "../src/doctor/finding.ts";
import { isNodeSupported, isSqliteSupported } from "../src/doctor/host-checks.ts";
import { readConfig, startDaemon, type Daemon, type HostPaths } from "../src/index.ts";
import { temporaryFolder, temporaryPaths } from "./temporary.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));
const working = {
  plugins: { [fixture("note-plugin")]: {} },
  routes: [{ kind: "prompt", from: ["operator"], runner: "echo" }],
};

function write(paths: HostPaths, config: object | string = working): HostPaths {
  mkdirSync(paths.configFolder, { recursive: true, mode: 0o700 });
  const text = typeof config === "string" ? config : JSON.stringify(config);
  writeFileSync(paths.configFile, text, { mode: 0o600 });
  return paths;
}

const examine = async (
  paths: HostPaths,
  options: Partial<DoctorOptions> = {},
): Promise<DoctorReport> =>
  await runDoctor({ paths, signal: AbortSignal.timeout(60_000), ...options });

const wrong = ({ findings }: DoctorReport): DoctorReport["findings"] =>
  findings.filter(({ level }) => level !== "ok");

/** What is wrong of one check, of which there has to be one. */
function only(report: DoctorReport, check: string): DoctorReport["findings"][number] {
  const found = wrong(report).filter((finding) => finding.check === check);
  expect(found).toHaveLength(1);
  return found[0] as DoctorReport["findings"][number];
}

/** Runs the command that a finding names, as a person would. */
function mend({ mend: command }: DoctorReport["findings"][number]): void {
  execFileSync("/bin/sh", ["-c", command ?? "exit 1"], { stdio: "pipe" });
}

async function start(paths: HostPaths): Promise<Daemon> {
  const config = readConfig(paths);
  const daemon = await startDaemon({ paths, config, logger: silentLogger });
  onTestFinished(async () => await daemon.stop());
  return daemon;
}

/** Every file with its mode, size and time of change. */
function everything(folder: string): readonly unknown[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const { mode, size, mtimeMs } = lstatSync(join(folder, name));
      return [name, mode, size, mtimeMs];
    });
}

test("where nothing is, it names the one thing to do, and that thing mends it", async () => {
  const paths = temporaryPaths();
  const report = await examine(paths);
  expect(wrong(report)).toHaveLength(1);
  const finding = only(report, "configuration");
  expect(report).toMatchObject({ level: "problem", next: finding.mend });
  expect(existsSync(paths.configFolder)).toBe(false);
  mend(finding);
  const told = (await examine(paths)).findings.map(({ text }) => text).join("\n");
  expect(told).not.toContain("There is no configuration");
  expect(lstatSync(paths.configFile).mode & 0o777).toBe(0o600);
});

test("it changes nothing: before the first start, after the last one, and beside a daemon", async () => {
  const folder = temporaryFolder();
  const paths = write(temporaryPaths(folder));
  const unchanged = async (): Promise<void> => {
    const before = everything(folder);
    expect((await examine(paths)).level).not.toBe("problem");
    expect(everything(folder)).toEqual(before);
  };
  await unchanged();
  const daemon = await start(paths);
  await daemon.handle.start({ payload: { text: "hello" } });
  await daemon.stop();
  chmodSync(paths.socketKey, 0o644);
  const before = everything(folder);
  only(await examine(paths), "state folder");
  expect(everything(folder)).toEqual(before);
  chmodSync(paths.socketKey, 0o600);
  await unchanged();
});

test("beside a daemon it asks that one, and finds nothing wrong", async () => {
  const paths = write(temporaryPaths());
  await start(paths);
  const report = await examine(paths);
  expect(wrong(report)).toEqual([
    expect.objectContaining({
      check: "authority",
      text: expect.stringContaining("operator power"),
    }),
  ]);
  expect(report.isHeld).toBe(true);
  const texts = report.findings.map(({ text }) => text).join("\n");
  expect(texts).toContain(`The daemon (process ${process.pid}`);
  expect(texts).toContain("looks after the processes");
});

test("what others may use in the state folder is mended by the command", async () => {
  const paths = write(temporaryPaths());
  await (await start(paths)).stop();
  chmodSync(paths.stateFolder, 0o755);
  chmodSync(paths.database, 0o644);
  mend(only(await examine(paths), "state folder"));
  expect(lstatSync(paths.database).mode & 0o777).toBe(0o600);
  expect(wrong(await examine(paths)).map(({ check }) => check)).not.toContain("state folder");
});

test.each([
  [0o644, "warn"],
  [0o666, "problem"],
] as const)(
  "a configuration of mode %o is a %s, and mended by the command",
  async (mode, level) => {
    const paths = write(temporaryPaths());
    chmodSync(paths.configFile, mode);
    const own = { checks: checks.filter(({ name }) => name === "config file") };
    const first = only(await examine(paths, own), "config file");
    expect(first.level).toBe(level);
    mend(first);
    // Who may write it is worse than who may read it, and told first.
    const rest = wrong(await examine(paths, own));
    expect(rest.map((each) => each.level)).toEqual(mode === 0o666 ? ["warn"] : []);
    for (const finding of rest) mend(finding);
    expect(wrong(await examine(paths, own))).toEqual([]);
    expect(lstatSync(paths.configFile).mode & 0o777).toBe(0o600);
  },
);

test("a damaged database is told, and put aside by the command", async () => {
  const paths = write(temporaryPaths());
  mkdirSync(paths.stateFolder, { recursive: true, mode: 0o700 });
  writeFileSync(paths.database, "no database ".repeat(100), { mode: 0o600 });
  const finding = only(await examine(paths), "database");
  expect(finding.text).toContain("not a SQLite database");
  mend(finding);
  expect(wrong(await examine(paths)).map(({ check }) => check)).toEqual(["authority"]);
  expect(readFileSync(`${paths.database}.broken`, "utf8")).toContain("no database");
});

test("S21 processes that a run left behind are told, and ended by the command", async () => {
  const paths = write(temporaryPaths());
  await (await start(paths)).stop();
  const { stateId } = JSON.parse(readFileSync(paths.identity, "utf8")) as { stateId: string };
  const mark = formatMark({ stateId, taskId: "task_1", attempt: 1 });
  const orphan = spawn("sleep", ["600"], { env: { [markVariable]: mark }, stdio: "ignore" });
  onTestFinished(() => void orphan.kill("SIGKILL"));
  await once(orphan, "spawn");
  const exited = once(orphan, "exit");
  const finding = only(await examine(paths), "orphans");
  expect(finding.mend).toBe(`kill ${orphan.pid}`);
  mend(finding);
  await exited;
  expect(wrong(await examine(paths)).map(({ check }) => check)).toEqual(["authority"]);
});

test("what a process prints without an end is told, and truncated by the command", async () => {
  const paths = write(temporaryPaths());
  mkdirSync(paths.stateFolder, { recursive: true, mode: 0o700 });
  writeFileSync(paths.output, Buffer.alloc(9 * 1024 * 1024), { mode: 0o600 });
  mend(only(await examine(paths), "log"));
  expect(lstatSync(paths.output).size).toBe(0);
});

test("S35 an inbox that another bridge polls is told with who it is", async () => {
  const folder = temporaryFolder();
  const inbox = fixture("inbox-plugin");
  const config = { plugins: { [inbox]: {} }, routes: [] };
  await start(write(temporaryPaths(folder, "one"), config));
  const report = await examine(write(temporaryPaths(folder, "two"), config));
  expect(only(report, "inboxes")).toMatchObject({
    level: "problem",
    text: expect.stringContaining(`process ${process.pid}`),
    mend: `kill ${process.pid}`,
  });
});

test("S25 a quarantined plugin, a wrong option and a route without a plugin are told with the place", async () => {
  const paths = write(
    temporaryPaths(),
    JSON.stringify({
      plugins: { [fixture("throws-on-create")]: {}, [fixture("note-plugin")]: {} },
      routes: [{ kind: "prompt", from: "*", runner: "echo" }],
    }).replace('"routes"', '\n"routes"'),
  );
  const report = await examine(paths);
  expect(only(report, "plugins")).toMatchObject({
    level: "problem",
    mend: `"\${EDITOR:-vi}" +1 ${paths.configFile}`,
  });
  write(paths, { ...working, limits: { hops: "many" } });
  expect(only(await examine(paths), "configuration")).toMatchObject({
    text: expect.stringContaining("limits.hops must be a number"),
  });
  write(paths, { ...working, plugins: { nowhere: {} } });
  const missing = wrong(await examine(paths)).find(({ text }) => text.includes("not installed"));
  expect(missing?.mend).toContain("agent-bridge plugin add nowhere");
});

test("old versions, a full disk and a wrong clock are problems", async () => {
  const paths = write(temporaryPaths());
  await (await start(paths)).handle.start({ payload: { text: "hello" } });
  const report = await examine(paths, {
    versions: { node: "22.12.0", sqlite: "3.51.2" },
    freeBytes: () => 1024,
    now: () => Date.now() - 3_600_000,
  });
  const problems = wrong(report).filter(({ level }) => level === "problem");
  expect(problems.map(({ check }) => check)).toEqual(["node", "sqlite", "space", "clock"]);
  const never = await examine(paths, { now: () => 0, freeBytes: () => 100 * 1024 * 1024 });
  expect(only(never, "clock").text).toContain("never set");
  expect(only(never, "space").level).toBe("warn");
});

test("every finding but an ok has one command, of one line", async () => {
  const paths = write(temporaryPaths(), "{ not json");
  mkdirSync(paths.stateFolder, { recursive: true });
  chmodSync(paths.stateFolder, 0o777);
  writeFileSync(paths.database, "no database ".repeat(100));
  const reports = [
    await examine(paths, {
      versions: { node: "18.0.0", sqlite: "3.40.0" },
      now: () => 0,
      freeBytes: () => 0,
    }),
    await examine(write(temporaryPaths(), { routes: [], store: { type: "memory" } })),
  ];
  for (const report of reports) {
    expect(wrong(report).length).toBeGreaterThan(0);
    for (const { mend: command } of wrong(report)) expect(command).toMatch(/^\S[^\n]+$/);
    const fine = report.findings.filter(({ level }) => level === "ok");
    expect(fine.filter(({ mend: command }) => command !== null)).toEqual([]);
  }
});

test("a check that throws or never ends is a problem of itself, and the others go on", async () => {
  const odd: readonly Check[] = [
    { name: "throws", run: () => Promise.reject(new Error("on purpose")) },
    { name: "hangs", run: async () => await new Promise(() => undefined) },
    { name: "works", run: () => Promise.resolve([ok("It works.")]) },
  ];
  const report = await examine(temporaryPaths(), { checks: odd, checkMs: 20 });
  expect(report.findings).toMatchObject([
    { check: "throws", level: "problem", text: "The check itself failed: on purpose" },
    { check: "hangs", level: "problem", text: expect.stringContaining("more than 20 ms") },
    { check: "works", level: "ok" },
  ]);
});

test("an interrupt ends it", async () => {
  const never: Check = { name: "hangs", run: async () => await new Promise(() => undefined) };
  const controller = new AbortController();
  const running = examine(temporaryPaths(), { checks: [never], signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
});

test("the versions of Node are those of the package", () => {
  const manifest = fileURLToPath(new URL("../package.json", import.meta.url));
  const { engines } = JSON.parse(readFileSync(manifest, "utf8")) as { engines: { node: string } };
  expect(engines.node).toBe("^24.16.0 || >=26.1.0");
  const supported = ["24.16.0", "24.21.0", "26.1.0", "27.0.0"];
  const not = ["22.12.0", "24.15.9", "25.9.0", "26.0.0"];
  expect(supported.map(isNodeSupported)).toEqual(supported.map(() => true));
  expect(not.map(isNodeSupported)).toEqual(not.map(() => false));
  expect(["3.51.3", "3.52.0", "4.0.0", "3.51.2"].map(isSqliteSupported)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("a secret that a runner quotes is not told", async () => {
  const paths = write(temporaryPaths(), {
    plugins: { [fixture("telling-plugin")]: { token: { $env: "CANARY" } } },
    routes: [{ kind: "prompt", from: "*", runner: "telling" }],
  });
  const report = await examine(paths, { env: { CANARY: "canary-5d2f" } });
  expect(only(report, "runners").text).toContain("[secret]");
  expect(JSON.stringify(report)).not.toContain("canary-5d2f");
});
