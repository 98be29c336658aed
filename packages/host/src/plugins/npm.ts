import { BridgeError } from "@agent-bridge/core";
import { captureProcess, describeOutcome } from "@agent-bridge/process";
import * as z from "zod";

/** How long one call of npm may take. */
const npmMs = 5 * 60_000;

/**
 * Nothing of an installed package is run; peers are the host's own (see `offerPeerPackages`); the exact
 * version is saved.
 */
const always = [
  "--ignore-scripts",
  "--legacy-peer-deps",
  "--save-exact",
  "--omit=dev",
  "--no-audit",
  "--no-fund",
  "--no-update-notifier",
  "--json",
];

export interface NpmCall {
  /** The folder that is changed; npm reads no other project's settings. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What is asked for, for the error. */
  readonly plugin: string;
}

/**
 * Runs npm to its end.
 *
 * @throws BridgeError PLUGIN_NOT_FOUND when the registry does not know the package or the version,
 *   PLUGIN_INSTALL_FAILED otherwise; the signal's reason when it aborts
 */
export async function runNpm(args: readonly string[], call: NpmCall): Promise<void> {
  const { folder, env, signal, plugin } = call;
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const [command = "", ...rest] = args;
  const { outcome, stdout, stderrTail } = await captureProcess({
    command: "npm",
    args: [command, ...always, "--prefix", folder, ...rest],
    cwd: folder,
    env: Object.fromEntries(given),
    limits: { totalMs: npmMs },
    maxCharacters: 1024 * 1024,
    signal,
  });
  signal.throwIfAborted();
  if (outcome.type === "exited" && outcome.exitCode === 0) return;
  const failed = (detail: string): BridgeError =>
    new BridgeError("PLUGIN_INSTALL_FAILED", { plugin, detail });
  if (outcome.type === "spawn_failed" && outcome.code === "ENOENT") {
    throw failed("there is no npm in the PATH. It comes with Node: https://nodejs.org.");
  }
  const told = errorOf(stdout);
  if (told === undefined) {
    throw failed(`npm failed. ${describeOutcome(outcome)} ${stderrTail.trim()}`.trim());
  }
  const { code, summary } = told;
  if (code === "E404" || code === "ETARGET") {
    const detail = `the registry does not know it (${firstLine(summary)}).`;
    throw new BridgeError("PLUGIN_NOT_FOUND", { plugin, detail });
  }
  if (unreachable.has(code)) {
    throw failed(`the registry can not be reached (${code}). A packed file works without it.`);
  }
  throw failed(`npm says: ${firstLine(summary)} (${code}).`);
}

/** What npm tells when the network, and not the package, is the trouble. */
const unreachable = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ERR_SOCKET_TIMEOUT",
  "ENOTCACHED",
]);

const errorSchema = z.object({ error: z.object({ code: z.string(), summary: z.string() }) });

function errorOf(stdout: string): z.output<typeof errorSchema>["error"] | undefined {
  try {
    return errorSchema.parse(JSON.parse(stdout)).error;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

const firstLine = (text: string): string => text.trim().split("\n", 1)[0]?.trim() ?? "";
