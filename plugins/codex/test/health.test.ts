import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import codexPackage from "@openai/codex/package.json" with { type: "json" };
import { afterAll, describe, expect, test } from "vitest";
import { processesWith, recordTurn, turnIo } from "@agent-bridge/testing/runner-conformance";
import { systemClock } from "@agent-bridge/core";
import { codexOptionsSchema, codexRunner } from "../src/index.ts";
import { fakeRunner, temporaryFolder } from "./fake-codex.ts";
import { realCodex, turnOptions } from "./real-codex.ts";
import { recordingLogger } from "./recording-logger.ts";

const { folder, remove } = temporaryFolder();
const codex = await realCodex();
afterAll(async () => {
  await remove();
  await codex[Symbol.asyncDispose]();
});

const signal = AbortSignal.timeout(60_000);

describe("a check of the real Codex", () => {
  test("says its version and path, and logs them", async () => {
    const { logger, lines } = recordingLogger();
    const health = await codex.runner({ logger }).check(signal);
    const { version } = codexPackage;
    expect(health).toEqual({
      ready: true,
      version,
      path: expect.stringMatching(/\/vendor\/.*\/codex$/),
      problems: [],
      findings: [],
    });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: "info", message: `codex ${version} at ${health.path}` }),
    );
  });

  test("says how to sign in where nobody has, and no provider is set up", async () => {
    const home = join(folder, "signed-out");
    await mkdir(home);
    const health = await codex.runner({ options: { home } }).check(signal);
    expect(health.ready).toBe(false);
    expect(health.problems).toEqual([expect.stringContaining(`CODEX_HOME=${home} codex login`)]);
    expect(health.findings).toEqual([
      {
        about: "sign_in",
        text: health.problems[0],
        mend: `CODEX_HOME='${home}' '${health.path}' login`,
      },
    ]);
  });

  test("knows of a key that is stored", async () => {
    const home = join(folder, "signed-in");
    await mkdir(home);
    await writeFile(join(home, "auth.json"), JSON.stringify({ OPENAI_API_KEY: "not-a-real-key" }));
    const health = await codex.runner({ options: { home } }).check(signal);
    expect(health).toMatchObject({ ready: true, problems: [] });
  });

  test("tells of settings that Codex does not take", async () => {
    const home = join(folder, "misspelt");
    await mkdir(home);
    await writeFile(join(home, "auth.json"), JSON.stringify({ OPENAI_API_KEY: "not-a-real-key" }));
    await writeFile(join(home, "config.toml"), "model = [\n");
    const health = await codex.runner({ options: { home } }).check(signal);
    expect(health.ready).toBe(true);
    expect(health.problems).toEqual([expect.stringContaining("config.toml")]);
  });

  test("says that its home is not there", async () => {
    const health = await codex.runner({ options: { home: join(folder, "nowhere") } }).check(signal);
    expect(health).toMatchObject({ ready: false, version: null });
    expect(health.problems).toEqual([expect.stringContaining("does not exist")]);
  });
});

describe("a check", () => {
  test("of a command that is not there says so", async () => {
    const options = codexOptionsSchema.parse({ command: "/no/such/codex" });
    const { logger } = recordingLogger();
    const runner = codexRunner(options, { clock: systemClock(), folder, logger });
    const health = await runner.check(signal);
    expect(health).toMatchObject({ ready: false, path: "/no/such/codex" });
    expect(health.problems).toEqual([expect.stringContaining("was not found (ENOENT)")]);
  });

  test("tells of a sandbox that can not work here, and leaves Codex usable", async () => {
    const health = await fakeRunner(folder, { manner: "noSandbox" }).check(signal);
    expect(health).toMatchObject({ ready: true, version: "0.0.1-fake" });
    expect(health.findings).toMatchObject([{ about: "sandbox", text: health.problems[0] }]);
    expect(health.problems).toEqual([
      expect.stringMatching(/sandbox does not work here.*Creating new namespace failed$/),
    ]);
  });

  test("of one that is signed out is not ready", async () => {
    const health = await fakeRunner(folder, { manner: "signedOut" }).check(signal);
    expect(health).toMatchObject({ ready: false, version: "0.0.1-fake" });
  });

  test("S27 that times out ends only its own process", async () => {
    const runner = fakeRunner(folder);
    const io = turnIo();
    const found: number[] = [];
    const checks: boolean[] = [];
    const turn = await recordTurn({
      runner,
      options: turnOptions(),
      prompt: "endless",
      io,
      onEvent: async ({ type }) => {
        if (type !== "text") return;
        found.push((await processesWith(io.markText)).length);
        if (found.length === 1) {
          const mute = fakeRunner(folder, { manner: "mute" });
          checks.push((await mute.check(AbortSignal.timeout(20))).ready);
        }
        if (found.length === 4) io.abort();
      },
    });
    expect(checks).toEqual([false]);
    expect(found.slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(turn.end).toEqual({ type: "end", outcome: "aborted" });
    expect(turn.leftBehind).toEqual([]);
  });
});
