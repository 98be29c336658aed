import { existsSync, statfsSync } from "node:fs";
import { describeError } from "@agent-bridge/core";
import { looksLocked } from "../lock-file.ts";
import { inspectConfig, type ConfigInspection, type InspectionOptions } from "../inspect-config.ts";
import { createLogRedactor } from "../log/log-redaction.ts";
import { configCheck, pluginsCheck, powerCheck } from "./config-checks.ts";
import type { Check, DoctorContext } from "./context.ts";
import { configFileCheck, logCheck, stateFolderCheck } from "./file-checks.ts";
import { problem, type FindingLevel, type HealthFinding } from "./finding.ts";
import { clockCheck, nodeCheck, spaceCheck, sqliteCheck } from "./host-checks.ts";
import { daemonCheck, inboxCheck, lockCheck, orphanCheck } from "./process-checks.ts";
import { runnerCheck } from "./runner-check.ts";
import { storeCheck } from "./store-check.ts";

/** Every check, in the order in which they are shown. */
export const checks: readonly Check[] = [
  nodeCheck,
  sqliteCheck,
  configCheck,
  configFileCheck,
  pluginsCheck,
  runnerCheck,
  powerCheck,
  stateFolderCheck,
  storeCheck,
  spaceCheck,
  clockCheck,
  logCheck,
  lockCheck,
  daemonCheck,
  inboxCheck,
  orphanCheck,
];

/** How long one check may take. A runner's own may wait for its program. */
const checkMs = 15_000;

export interface DoctorOptions extends InspectionOptions {
  readonly signal: AbortSignal;
  /** For tests; default: those of this process and machine. */
  readonly versions?: DoctorContext["versions"];
  readonly now?: () => number;
  readonly freeBytes?: (folder: string) => number;
  readonly checks?: readonly Check[];
  readonly checkMs?: number;
}

/** A finding with the check that made it. */
export interface NamedFinding extends HealthFinding {
  readonly check: string;
}

/** What all checks found. */
export interface DoctorReport {
  /** The worst level. */
  readonly level: FindingLevel;
  readonly findings: readonly NamedFinding[];
  /** The one command to run next; null where nothing is wrong. */
  readonly next: string | null;
  /** True while a daemon holds the state folder. */
  readonly isHeld: boolean;
}

function free(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => await (made ??= make());
}

/** Runs one check within its time. One that fails is a problem of its own. */
async function runCheck(
  check: Check,
  { context, signal, limitMs }: { context: DoctorContext; signal: AbortSignal; limitMs: number },
): Promise<readonly NamedFinding[]> {
  const own = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const stop = (reason: unknown): void => {
    own.abort(reason);
    reject(reason);
  };
  const onAbort = (): void => stop(signal.reason);
  const timer = setTimeout(() => stop(new Error(`it took more than ${limitMs} ms`)), limitMs);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const findings = await Promise.race([check.run(context, own.signal), ended]);
    return findings.map((finding) => ({ check: check.name, ...finding }));
  } catch (error) {
    signal.throwIfAborted();
    const text = `The check itself failed: ${describeError(error)}`;
    return [{ check: check.name, ...problem(text, "agent-bridge doctor --debug") }];
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

const levels: readonly FindingLevel[] = ["problem", "warn", "ok"];

/**
 * Looks whether a bridge can work here, with or without a daemon and a configuration. All checks run side by side, each
 * within its time; none changes anything.
 *
 * @throws the reason of the signal
 */
export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const { paths, env = process.env, signal } = options;
  signal.throwIfAborted();
  await using held = new AsyncDisposableStack();
  let secrets: ReadonlySet<string> = new Set();
  const inspect = once(async (): Promise<ConfigInspection> => {
    const inspection = held.use(await inspectConfig(options));
    ({ secrets } = inspection);
    return inspection;
  });
  const store = once(async () => {
    // Loaded only here: most commands never open the database.
    const { inspectStore } = await import("@agent-bridge/store-sqlite");
    return inspectStore(paths.database);
  });
  const { node, sqlite = "none" } = process.versions;
  const context: DoctorContext = {
    paths,
    env,
    versions: options.versions ?? { node, sqlite },
    now: options.now ?? Date.now,
    freeBytes: options.freeBytes ?? free,
    isHeld: looksLocked(paths.stateLock),
    hasConfig: existsSync(paths.configFile),
    inspection: inspect,
    store,
  };
  const limitMs = options.checkMs ?? checkMs;
  const found = await Promise.all(
    (options.checks ?? checks).map(
      async (check) => await runCheck(check, { context, signal, limitMs }),
    ),
  );
  const redactor = createLogRedactor(secrets);
  // What a runner says of its problems may quote what it was given.
  const findings = found.flat().map((each) => ({ ...each, text: redactor.text(each.text) }));
  const level = levels.find((each) => findings.some((finding) => finding.level === each)) ?? "ok";
  const worst = findings.find((finding) => finding.level === level);
  return { level, findings, next: worst?.mend ?? null, isHeld: context.isHeld };
}
