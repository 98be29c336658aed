import type { BridgeStatus } from "@agent-bridge/core";
import type { DaemonStatus } from "@agent-bridge/host";
import { connectTo, runs, type CommandRow } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { statusJson } from "../json-output.ts";
import { adviceFor } from "../render/advice.ts";
import { attentionFacts, channelText, runnerText } from "../render/attention.ts";
import { formatDuration } from "../render/duration.ts";
import { formatBytes } from "../render/bytes.ts";
import { gapText } from "../render/gap-text.ts";
import { plainLine } from "../render/plain-text.ts";
import { renderFacts, widthOf, wrap } from "../render/table.ts";

export const status: CommandRow = {
  name: "status",
  add: (commands, program) => {
    const command = commands
      .command("status")
      .description("show how the daemon, its channels, runners and plugins fare");
    runs(command, program, async ({ printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const found = await client.call("status", {}, { signal: surroundings.interrupts() });
      printer.json(statusJson(found));
      printer.text(renderFacts(statusFacts(found, Date.now()), widthOf(surroundings)));
      const advice = adviceFor(found);
      if (advice.length > 0)
        printer.text(["", ...advice.flatMap((text) => wrap(text, widthOf(surroundings)))]);
      return exitCodes.ok;
    });
  },
};

type Fact = readonly [string, string];

function statusFacts(found: DaemonStatus, now: number): readonly Fact[] {
  const { pid, version, startedAt, stateFolder, configFile, bridge } = found;
  return [
    ["daemon", `pid ${pid}, agent-bridge ${version}, up ${formatDuration(now - startedAt)}`],
    ["state", stateFolder],
    ["config", configFile],
    ...configFacts(found.config, now),
    ["store", bridge.durable ? `durable, ${bridge.storeId}` : "in memory: ends with the daemon"],
    ...roomFacts(bridge, now),
    ...workFacts(bridge, now),
    ...bridge.channels.flatMap((channel) => channelFacts(channel, now)),
    ...bridge.runners.map((runner): Fact => [`runner ${runner.name}`, runnerText(runner, now)]),
    ...found.plugins.map((plugin): Fact => [
      `plugin ${plugin.name ?? plugin.specifier}`,
      pluginText(plugin),
    ]),
    ...loopFacts(found.loop, now),
    ...sinceFacts(bridge),
  ];
}

function configFacts(
  { refused, atNextStart }: DaemonStatus["config"],
  now: number,
): readonly Fact[] {
  const facts: Fact[] = [];
  if (refused !== null) {
    const ago = formatDuration(now - refused.at);
    const text = `REFUSED ${ago} ago, the earlier one is in force: ${refused.reason}`;
    facts.push(["changed config", plainLine(text, 1000)]);
  }
  if (atNextStart.length > 0) {
    facts.push(["at next start", plainLine(atNextStart.join(", "), 500)]);
  }
  return facts;
}

function roomFacts({ size, retention }: BridgeStatus, now: number): readonly Fact[] {
  const { lastRunAt, removed } = retention;
  const free = size.totalBytes - size.usedBytes;
  const room = free > 0 ? `, ${formatBytes(free)} of it free` : "";
  const { tasks, events, keys, deadLetters, conversations } = removed;
  const counts = `${tasks} tasks with ${events} events, ${keys} keys, ${deadLetters} dead letters, ${conversations} conversations`;
  const ran =
    lastRunAt === null
      ? "not run yet"
      : `last run ${formatDuration(now - lastRunAt)} ago, removed since start: ${counts}`;
  return [
    ["size", `${formatBytes(size.totalBytes)}${room}`],
    ["retention", ran],
  ];
}

function workFacts(bridge: BridgeStatus, now: number): readonly Fact[] {
  const { running, concurrency, store } = bridge;
  const { tasks, oldestPendingMs } = store;
  const waiting = oldestPendingMs === null ? "" : ` (oldest ${formatDuration(oldestPendingMs)})`;
  return [
    ["running", `${running} of ${concurrency}`],
    [
      "tasks",
      `${tasks.pending} pending${waiting}, ${tasks.running} running, ${tasks.input_required} waiting for an answer, ${tasks.completed} completed, ${tasks.failed} failed`,
    ],
    ...attentionFacts(bridge, now),
  ];
}

function channelFacts(channel: BridgeStatus["channels"][number], now: number): readonly Fact[] {
  const gap = gapText(channel);
  const { name } = channel;
  return [
    [`channel ${name}`, channelText(channel, now)],
    ...(gap === null ? [] : [[`gap of ${name}`, gap] as const]),
  ];
}

function pluginText({ reason, version, thrown }: DaemonStatus["plugins"][number]): string {
  if (reason !== null) return `QUARANTINED: ${plainLine(reason, 500)}`;
  const faults =
    thrown.count === 0 ? "" : `, THREW ${thrown.count} times: ${plainLine(thrown.last ?? "", 300)}`;
  return `loaded, ${plainLine(version ?? "")}${faults}`;
}

/** Told only where the loop was held up: that is always somebody's fault. */
function loopFacts({ heldUp, last }: DaemonStatus["loop"], now: number): readonly Fact[] {
  if (last === null) return [];
  const by =
    last.during.length === 0 ? "" : ` ${last.isKnown ? "by" : "during"} ${last.during.join(", ")}`;
  const text = `HELD UP ${heldUp} times, last for ${last.ms} ms${by}, ${formatDuration(now - last.at)} ago`;
  return [["event loop", plainLine(text, 500)]];
}

function sinceFacts({ since }: BridgeStatus): readonly Fact[] {
  const { recovered, orphansEnded, hopLimited, repeatedReplies } = since;
  const counts: readonly (readonly [string, number])[] = [
    ["taken over as new", recovered.asNew],
    ["resumed", recovered.resumed],
    ["interrupted", recovered.interrupted],
    ["orphans ended", orphansEnded],
    ["cut off at the hop limit", hopLimited],
    ["replies repeated", repeatedReplies],
  ];
  const told = counts.filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
  return [["since start", told.join(", ") || "nothing out of the ordinary"]];
}
