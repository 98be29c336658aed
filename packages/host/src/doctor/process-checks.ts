import { readFileSync } from "node:fs";
import { describeError, isBridgeError } from "@agent-bridge/core";
import { findMarked, markVariable } from "@agent-bridge/process";
import { readHolder, type LockHolder } from "../exclusive-lock.ts";
import { looksLocked } from "../lock-file.ts";
import { lookAtIdentity } from "../identity.ts";
import { inboxLockPath } from "../inbox-locks.ts";
import { isRunning } from "../is-running.ts";
import { greetDaemon } from "../socket/dial-daemon.ts";
import { protocolVersion } from "../socket/wire.ts";
import { hostVersion } from "../version.ts";
import type { Check, DoctorContext } from "./context.ts";
import { ok, problem, shellWord, warn, type HealthFinding } from "./finding.ts";

const startAgain = "agent-bridge up --detach";

/** Ends a holder in order, or where it has no name whoever has the file open. */
function endHolder(holder: LockHolder | undefined, lock: string): string {
  return holder !== undefined && isRunning(holder.pid)
    ? `kill ${holder.pid}`
    : `fuser -k -TERM ${shellWord(lock)}`;
}

export const lockCheck: Check = {
  name: "state lock",
  run: async ({ paths: { stateLock, stateFolder }, isHeld }) => {
    const holder = readHolder(stateLock);
    if (!isHeld) {
      const left =
        holder === undefined
          ? ""
          : ` The last one (process ${holder.pid}) did not end in order; the next start takes its work over.`;
      return await Promise.resolve([ok(`No daemon holds ${stateFolder}.${left}`)]);
    }
    if (holder === undefined || !isRunning(holder.pid)) {
      const text = `${stateFolder} is held by a process that does not say who it is.`;
      return [warn(text, endHolder(undefined, stateLock))];
    }
    const { pid, version, startedAt } = holder;
    return [
      ok(`Process ${pid} (agent-bridge ${version}, since ${startedAt}) holds ${stateFolder}.`),
    ];
  },
};

async function inboxFinding(
  { paths, isHeld }: DoctorContext,
  inboxId: string,
): Promise<HealthFinding> {
  const lock = inboxLockPath(paths, inboxId);
  const holder = readHolder(lock);
  const isOwn = isHeld && holder?.stateFolder === paths.stateFolder;
  if (isOwn) return ok(`This bridge polls the inbox ${inboxId}.`);
  if (!looksLocked(lock)) return await Promise.resolve(ok(`Nobody polls the inbox ${inboxId}.`));
  const who =
    holder === undefined
      ? "another process"
      : `process ${holder.pid} (agent-bridge ${holder.version}, state folder ${holder.stateFolder})`;
  const text = `The inbox ${inboxId} is polled by ${who}: one poller serves an inbox.`;
  return problem(text, endHolder(holder, lock));
}

export const inboxCheck: Check = {
  name: "inboxes",
  run: async (context) => {
    if (!context.hasConfig) return [];
    const { plugins } = await context.inspection();
    const ids = (plugins?.channels ?? []).flatMap(({ inboxId }) =>
      inboxId === undefined ? [] : [inboxId],
    );
    return await Promise.all([...new Set(ids)].map(async (id) => await inboxFinding(context, id)));
  },
};

export const orphanCheck: Check = {
  name: "orphans",
  run: async ({ paths, isHeld }) => {
    if (isHeld) return [ok("The daemon looks after the processes of its runs.")];
    const stateId = lookAtIdentity(paths)?.stateId;
    if (stateId === undefined) return [ok("Nothing was ever run.")];
    const { processes, problem: unsure } = await findMarked({ stateId });
    const pids = processes.map(({ pid }) => pid).filter((pid) => pid !== process.pid);
    if (pids.length > 0) {
      const text = `${pids.length} processes of earlier runs go on without a daemon; the next start ends them.`;
      return [warn(text, `kill ${pids.join(" ")}`)];
    }
    const reservation = unsure === null ? "" : ` (${unsure})`;
    return [ok(`No process was left behind${reservation}.`)];
  },
};

/** The key as it stands: reading it in the ordinary way would mend its mode. */
function keyOf({ paths }: DoctorContext): string {
  return readFileSync(paths.socketKey, "utf8").trim();
}

export const daemonCheck: Check = {
  name: "daemon",
  run: async (context, signal) => {
    const { paths, isHeld, env } = context;
    if (!isHeld) return [ok("No daemon runs. `agent-bridge up` starts one.")];
    const end = endHolder(readHolder(paths.stateLock), paths.stateLock);
    try {
      const run = env[markVariable];
      const hello = {
        protocol: protocolVersion,
        key: keyOf(context),
        ...(run === undefined ? {} : { run }),
      };
      const { socket, daemon } = await greetDaemon(paths.socket, hello, signal);
      socket.destroy();
      const { pid, version } = daemon;
      if (version === hostVersion)
        return [ok(`The daemon (process ${pid}, agent-bridge ${version}) answers.`)];
      const text = `The daemon is agent-bridge ${version}, this command ${hostVersion}.`;
      return [warn(text, `agent-bridge down && ${startAgain}`)];
    } catch (error) {
      if (signal.aborted) throw error;
      if (isBridgeError(error, "NOT_ALLOWED"))
        return [warn(`The daemon does not let this caller in: ${error.message}`, startAgain)];
      const text = `A daemon runs, but its socket ${paths.socket} does not answer: ${describeError(error)}`;
      return [problem(text, `${end} && ${startAgain}`)];
    }
  },
};
