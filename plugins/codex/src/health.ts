import { isAbsolute, join } from "node:path";
import type { RunnerHealth } from "@agent-bridge/core";
import {
  captureProcess,
  describeOutcome,
  startProcess,
  type ProcessOptions,
} from "@agent-bridge/process";
import { installAdvice, type CodexBinary } from "./binary.ts";
import { failedProcess } from "./failures.ts";
import { accountSchema, initializedSchema, versionIn } from "./protocol.ts";
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
  const { version, problem, isSignedOut } = answer;
  const home = env["CODEX_HOME"] ?? (env["HOME"] === undefined ? "" : join(env["HOME"], ".codex"));
  const signIn = isAbsolute(home)
    ? `Codex is not signed in. Run \`CODEX_HOME=${home} codex login\`, or set up a model provider in ${join(home, "config.toml")}.`
    : "Codex has no home. Set the plugin's option `home`.";
  const problems = [problem, isSignedOut ? signIn : undefined, problem ? undefined : sandbox];
  return {
    ready: problem === undefined && !isSignedOut,
    version: version ?? null,
    path,
    problems: problems.filter((text) => text !== undefined),
  };
}

interface AccountAnswer {
  readonly version?: string;
  readonly problem?: string;
  readonly isSignedOut?: boolean;
}

/** Starts Codex, and asks who is signed in: it knows of every way, and answers without a network. */
async function askAccount(options: ProcessOptions): Promise<AccountAnswer> {
  await using running = startProcess({ ...options, args: ["app-server"] });
  const rpc = new Rpc<Reply>((line) => void running.writeLine(line));
  const keep = (reply: Reply): Reply => reply;
  const clientInfo = { name: "agent-bridge", title: null, version: "1" };
  const capabilities = { experimentalApi: true, requestAttestation: false };
  rpc.call("initialize", { clientInfo, capabilities }, keep);
  let version: string | undefined;
  for await (const line of running.lines) {
    const message = readMessage(line);
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
    return { version, isSignedOut };
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
  // 2 is how the command line says that it does not know such a command: then nothing is known.
  if (outcome.type !== "exited" || outcome.exitCode === 0 || outcome.exitCode === 2)
    return undefined;
  const reason = stderrTail.trim().split("\n").at(-1) ?? describeOutcome(outcome);
  return `Codex's sandbox does not work here, so its shell commands fail unless a route sets \`"sandbox": "danger-full-access"\`: ${reason}`;
}
