import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";

const program = fileURLToPath(new URL("../bin/agent-bridge.js", import.meta.url));
const compileCache = fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url));
const plugin = fileURLToPath(new URL("fixtures/scripted-plugin", import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface Started {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
}

/** A bridge home of a test's own with the scripted runner installed; gone, with its processes, after it. */
export interface Home {
  readonly folder: string;
  readonly state: string;
  readonly configFile: string;
  readonly env: Readonly<Record<string, string>>;
  writeConfig(config: unknown): void;
  start(args: readonly string[], options?: RunOptions): Started;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts a daemon in front and waits until it is ready. */
  up(args?: readonly string[], options?: RunOptions): Promise<Started>;
}

export interface RunOptions {
  /** What is on stdin; null: it stays open. */
  readonly input?: string | Buffer | null;
  /** A file of this folder to start in the command's place. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What works: the scripted runner, for the operator. */
export const workingConfig = {
  plugins: { "scripted-plugin": {} },
  routes: [{ kind: "prompt", from: ["operator"], runner: "scripted" }],
};

export function makeHome(
  options: { readonly config?: unknown; readonly beside?: Home } = {},
): Home {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bridge-cli-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(plugin, join(folder, "node_modules/scripted-plugin"));
  const env = {
    PATH: process.env["PATH"] ?? "",
    // Halves the start of a command that runs from sources.
    NODE_COMPILE_CACHE: compileCache,
    HOME: folder,
    AGENT_BRIDGE_HOME: folder,
    XDG_STATE_HOME: options.beside?.env["XDG_STATE_HOME"] ?? join(folder, "xdg"),
  };
  const configFile = join(folder, "config.jsonc");
  const writeConfig = (config: unknown): void =>
    writeFileSync(configFile, typeof config === "string" ? config : JSON.stringify(config));
  writeConfig(options.config ?? workingConfig);
  const start = (args: readonly string[], run: RunOptions = {}): Started =>
    startCommand(args, { ...run, env: { ...env, ...run.env } });
  return {
    folder,
    state: join(folder, "state"),
    configFile,
    env,
    writeConfig,
    start,
    run: async (args, run) => await start(args, run).ended,
    up: async (args = [], run = {}) => {
      const daemon = start(["up", ...args], run);
      await expect
        .poll(() => daemon.child.exitCode !== null || daemon.stdout().includes("\n"), {
          timeout: 15_000,
        })
        .toBe(true);
      if (daemon.child.exitCode !== null) throw new Error(daemon.stderr());
      return daemon;
    },
  };
}

function startCommand(args: readonly string[], options: RunOptions): Started {
  const started =
    options.program === undefined ? program : join(import.meta.dirname, options.program);
  const child = spawn(process.execPath, ["--conditions=agent-bridge-source", started, ...args], {
    env: options.env,
    cwd: tmpdir(),
    stdio: "pipe",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A command that ends early does not read its input.
  child.stdin.on("error", () => undefined);
  if (options.input !== null) child.stdin.end(options.input ?? "");
  const ended = once(child, "close").then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** The documents of `--json` output; anything else on stdout fails the test. */
export function documents(stdout: string): readonly Record<string, unknown>[] {
  if (stdout === "") return [];
  expect(stdout.endsWith("\n")).toBe(true);
  return stdout
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The one document of `--json` output. */
export function document(stdout: string): Record<string, unknown> {
  const all = documents(stdout);
  expect(all).toHaveLength(1);
  return all[0] ?? {};
}

/** Whether a process that is no child of this one still runs. */
export function isRunning(pid: unknown): boolean {
  const path = `/proc/${String(pid)}/stat`;
  // One that has ended and waits for its parent to notice does not run.
  return existsSync(path) && !/\) Z /.test(readFileSync(path, "utf8"));
}
