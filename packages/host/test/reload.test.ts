import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@agent-bridge/core";
import { expect, onTestFinished, test } from "vitest";
import { readConfig, startDaemon, type Daemon } from "../src/index.ts";
import { watchTerminal } from "../src/terminal.ts";
import { temporaryFolder, temporaryPaths } from "./temporary.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));
const notePlugin = fixture("note-plugin");
const route = { kind: "prompt", from: ["operator"], runner: "echo" };
const working = { plugins: { [notePlugin]: {} }, routes: [route], limits: { concurrency: 2 } };

/** A daemon on a configuration file, which a test may write again. */
async function startOn(config: object): Promise<{ daemon: Daemon; write(config: unknown): void }> {
  const paths = temporaryPaths();
  mkdirSync(dirname(paths.configFile), { recursive: true, mode: 0o700 });
  const write = (text: unknown): void =>
    writeFileSync(paths.configFile, typeof text === "string" ? text : JSON.stringify(text));
  write(config);
  const daemon = await startDaemon({ paths, config: readConfig(paths), logger: silentLogger });
  onTestFinished(async () => await daemon.stop());
  return { daemon, write };
}

const say = async ({ handle }: Daemon, text = "hello") => await handle.start({ payload: { text } });

test("routes and limits are in force when a reload returns, and it tells what changed", async () => {
  const { daemon, write } = await startOn(working);
  write({
    ...working,
    routes: [{ ...route, from: ["somebody"] }],
    limits: { concurrency: 5, messageBytes: 100, turn: { idleMs: 9000 } },
    retention: { days: 7 },
  });
  expect(daemon.reload()).toEqual({
    now: [
      "routes: 1 before, 1 now",
      "limits.concurrency: 2 before, 5 now",
      "limits.messageBytes: default before, 100 now",
      "limits.turn.idleMs: default before, 9000 now",
      "retention.days: 30 before, 7 now",
    ],
    atNextStart: [],
  });
  await expect(say(daemon)).rejects.toMatchObject({ code: "ROUTE_NONE" });
  const { bridge, config } = await daemon.status();
  expect(bridge.concurrency).toBe(5);
  expect(config).toMatchObject({ refused: null, atNextStart: [] });
  expect(daemon.reload()).toEqual({ now: [], atNextStart: [] });
});

test("a configuration that does not check is refused as a whole, with every finding, and shown", async () => {
  const { daemon, write } = await startOn(working);
  const routes = [
    { ...route, from: "*", runner: "ecko" },
    { ...route, kind: "noet" },
  ];
  write({
    plugins: { [notePlugin]: { tokn: "x" }, "@x/none": {} },
    routes,
    limits: { concurrency: 9 },
  });
  expect(() => daemon.reload()).toThrowError(
    /tokn: .*Did you mean "token"\?[^]*@x\/none.*plugin add[^]*routes\[0\]\.runner: .*"ecko"[^]*routes\[1\]\.kind: .*"noet"/,
  );
  const { bridge, config } = await daemon.status();
  expect(bridge.concurrency).toBe(2);
  expect(config.refused?.reason).toContain("ecko");
  expect((await say(daemon)).created).toBe(true);
  write("{ not JSON");
  expect(() => daemon.reload()).toThrowError(expect.objectContaining({ code: "CONFIG_INVALID" }));
  write(working);
  daemon.reload();
  expect((await daemon.status()).config.refused).toBeNull();
});

test("plugins and everything else are named as taking effect at the next start, until then", async () => {
  const { daemon, write } = await startOn(working);
  const second = fixture("throws-on-create");
  const changed = { ...working, log: { level: "debug" } };
  write({ ...changed, plugins: { [notePlugin]: { token: "abcdefgh" }, [second]: {} } });
  const atNextStart = [
    `plugins["${notePlugin}"]: other options`,
    `plugins["${second}"]: added`,
    "log",
  ];
  expect(daemon.reload()).toEqual({ now: [], atNextStart });
  expect(daemon.reload()).toEqual({ now: [], atNextStart });
  expect((await daemon.status()).config.atNextStart).toEqual(atNextStart);
  expect((await daemon.status()).plugins).toHaveLength(1);
  write(working);
  expect(daemon.reload()).toEqual({ now: [], atNextStart: [] });
});

test("routes of a plugin that is only loaded at the next start are refused, and it is said why", async () => {
  const { daemon, write } = await startOn(working);
  const plugins = { ...working.plugins, [fixture("throws-on-create")]: {} };
  write({ ...working, plugins, routes: [route, { ...route, runner: "later" }] });
  expect(() => daemon.reload()).toThrowError(/"later".*are loaded at the next start/);
});

test("a route to a runner that a quarantined plugin may bring takes a new start", async () => {
  const bad = fixture("throws-on-create");
  const plugins = { ...working.plugins, [bad]: {} };
  const { daemon, write } = await startOn({
    plugins,
    routes: [route, { ...route, runner: "gone" }],
  });
  write({ plugins, routes: [{ ...route, runner: "gone" }, route] });
  expect(daemon.reload().now).toEqual(["routes: 2 before, 2 now"]);
  write({ plugins, routes: [{ ...route, runner: "gone too" }] });
  expect(() => daemon.reload()).toThrowError(
    /"gone too" may come with a plugin that is in quarantine/,
  );
});

test("a hang-up means that the terminal is gone only where there was one", () => {
  const terminal = join(temporaryFolder(), "tty");
  const without = watchTerminal(terminal);
  writeFileSync(terminal, "");
  const watch = watchTerminal(terminal);
  expect(watch.isGone()).toBe(false);
  rmSync(terminal);
  expect([watch.isGone(), without.isGone()]).toEqual([true, false]);
});
