import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { RunnerFinding, RunnerHealth } from "@agent-bridge/core";
import { captureProcess, startProcess, type ProcessOptions } from "@agent-bridge/process";
import { installAdvice, installCommand, type CodexBinary } from "./binary.ts";
import { failedProcess } from "./failures.ts";
import { accountSchema, initializedSchema, notificationSchemas, versionIn } from "./protocol.ts";
import { readMessage, Rpc, type Reply } from "./rpc.ts";

/** How long each of the two looks may take. */
const checkMs = 5_000;

/** Looks at one Codex: whether it answers, whether it is signed in, whether its sandbox works here. */
export async function checkHealth(
  binary: CodexBinary | undefined,
  { env, signal }: { readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<RunnerHealth> {
  if (binary === undefined) {
    const missing = { about: "program", text: installAdvice, mend: installCommand } as const;
    return { ready: false, version: null, path: null, ...told([missing]) };
  }
  const { path } = binary;
  const limits = { totalMs: checkMs, interruptMs: 0, graceMs: 500 };
  const options = { command: path, env, cwd: "/", signal, limits };
  const [answer, sandbox] = await Promise.all([askAccount(options), trySandbox(options)]);
  const { version, problem, isSignedOut, warnings = [] } = answer;
  const findings: RunnerFinding[] = [];
  if (problem !== undefined) findings.push({ about: "program", text: problem, mend: null });
  if (isSignedOut === true) findings.push(signedOut(env, path));
  if (problem === undefined && sandbox !== undefined)
    findings.push({ about: "sandbox", text: sandbox, mend: await sandboxCommand() });
  for (const text of warnings) findings.push({ about: "settings", text, mend: null });
  return {
    ready: problem === undefined && isSignedOut !== true,
    version: version ?? null,
    path,
    ...told(findings),
  };
}

function told(
  findings: readonly RunnerFinding[],
): Required<Pick<RunnerHealth, "problems" | "findings">> {
  return { problems: findings.map(({ text }) => text), findings };
}

function signedOut(env: Readonly<Record<string, string>>, path: string): RunnerFinding {
  const about = "sign_in";
  const home = env["CODEX_HOME"] ?? (env["HOME"] === undefined ? "" : join(env["HOME"], ".codex"));
  if (!isAbsolute(home))
    return { about, text: "Codex has no home. Set the plugin's option `home`.", mend: null };
  const text = `Codex is not signed in. Run \`CODEX_HOME=${home} codex login\`, or set up a model provider in ${join(home, "config.toml")}.`;
  // The binary that runs here need not be the one that a shell finds.
  return { about, text, mend: `CODEX_HOME=${quoted(home)} ${quoted(path)} login` };
}

/** A word for a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Switches of the Linux kernel that keep an ordinary user from making a sandbox, with the value that does. */
const kernelSwitches = [
  ["kernel/apparmor_restrict_unprivileged_userns", "1", "0"],
  ["kernel/unprivileged_userns_clone", "0", "1"],
  ["user/max_user_namespaces", "0", "10000"],
] as const;

/** The command that lets sandboxes be made, where one of the kernel's switches is what forbids them. */
async function sandboxCommand(): Promise<string | null> {
  for (const [name, forbids, allows] of kernelSwitches) {
    const value = await readFile(`/proc/sys/${name}`, "utf8").catch(() => "");
    if (value.trim() === forbids) return `sudo sysctl -w ${name.replace("/", ".")}=${allows}`;
  }
  return null;
}

function keep(reply: Reply): Reply {
  return reply;
}

interface AccountAnswer {
  readonly version?: string;
  readonly problem?: string;
  readonly isSignedOut?: boolean;
  /** What Codex says of its settings. */
  readonly warnings?: readonly string[];
}

/** Without bubblewrap on the PATH, Codex uses its own: whether that works is what the sandbox's trial shows. */
const ownBubblewrap = /bundled bubblewrap/;

/** Starts Codex, and asks who is signed in: it knows of every way, and answers without a network. */
async function askAccount(options: ProcessOptions): Promise<AccountAnswer> {
  await using running = startProcess({ ...options, args: ["app-server"] });
  const rpc = new Rpc<Reply>((line) => void running.writeLine(line));
  const clientInfo = { name: "agent-bridge", title: null, version: "1" };
  const capabilities = { experimentalApi: true, requestAttestation: false };
  rpc.call("initialize", { clientInfo, capabilities }, keep);
  let version: string | undefined;
  const warnings: string[] = [];
  for await (const line of running.lines) {
    const message = readMessage(line);
    if (message?.method === "configWarning") {
      const { data } = notificationSchemas.configWarning.safeParse(message.params);
      const text = [data?.summary, data?.details].filter(Boolean).join(" ");
      if (text !== "" && !ownBubblewrap.test(text)) warnings.push(text);
    }
    const reply = message?.method === undefined && message ? rpc.settle(message) : undefined;
    if (reply === undefined) continue;
    if (version === undefined) {
      const initialized = reply.ok ? initializedSchema.safeParse(reply.result).data : undefined;
      if (initialized === undefined) break;
      version = versionIn(initialized.userAgent);
      rpc.notify("initialized");
      rpc.call("account/read", { refreshToken: false }, keep);
      continue;
    }
    // A version that does not tell is not reason to say that something is missing.
    const account = reply.ok ? accountSchema.safeParse(reply.result).data : undefined;
    const isSignedOut = account?.requiresOpenaiAuth === true && account.account === null;
    return { version, isSignedOut, warnings };
  }
  const outcome = await running.stop();
  const end = failedProcess(outcome, running.stderrTail);
  const detail = end.outcome === "failed" ? end.message : "";
  return {
    ...(version === undefined ? {} : { version }),
    problem: `${options.command}: ${detail}`,
  };
}

/** Runs a program that does nothing in the sandbox. @returns what is wrong with it, where it can not run there */
async function trySandbox(options: ProcessOptions): Promise<string | undefined> {
  const args = ["sandbox", "-c", 'sandbox_mode="read-only"', "--", "true"];
  const { outcome, stderrTail } = await captureProcess({ ...options, args });
  if (outcome.type !== "exited" || outcome.exitCode === 0) return undefined;
  // It may also fail for what has nothing to do with the sandbox, such as settings that can not be read.
  const reason = stderrTail.split("\n").findLast((line) => sandboxFailure.test(line));
  if (reason === undefined) return undefined;
  return `Codex's sandbox does not work here, so its shell commands fail unless a route sets \`"sandbox": "danger-full-access"\`: ${reason.trim()}`;
}

/** How the sandboxes of Linux and macOS complain. */
const sandboxFailure = /^\s*(bwrap|sandbox-exec|landlock|seccomp)\b/i;
