import { isAbsolute, join } from "node:path";
import type { RunnerHealth } from "@agent-bridge/core";
import { captureProcess, startProcess, type ProcessOptions } from "@agent-bridge/process";
import { installAdvice, type CodexBinary } from "./binary.ts";
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
    return { ready: false, version: null, path: null, problems: [installAdvice] };
  }
  const { path } = binary;
  const limits = { totalMs: checkMs, interruptMs: 0, graceMs: 500 };
  const options = { command: path, env, cwd: "/", signal, limits };
  const [answer, sandbox] = await Promise.all([askAccount(options), trySandbox(options)]);
  const { version, problem, isSignedOut, warnings = [] } = answer;
  const home = env["CODEX_HOME"] ?? (env["HOME"] === undefined ? "" : join(env["HOME"], ".codex"));
  const signIn = isAbsolute(home)
    ? `Codex is not signed in. Run \`CODEX_HOME=${home} codex login\`, or set up a model provider in ${join(home, "config.toml")}.`
    : "Codex has no home. Set the plugin's option `home`.";
  const problems = [
    problem,
    isSignedOut ? signIn : undefined,
    problem === undefined ? sandbox : undefined,
    ...warnings,
  ];
  return {
    ready: problem === undefined && !isSignedOut,
    version: version ?? null,
    path,
    problems: problems.filter((text) => text !== undefined),
  };
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
