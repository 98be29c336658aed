import { describeError, type RunnerEvent } from "@agent-bridge/core";
import type { RecordedTurn } from "./recorded-turn.ts";

/** What every turn of every runner must keep, each as a sentence that says how it was broken; all kept: none. */
export function brokenInvariants(turn: RecordedTurn): string[] {
  const broken = [
    ...endings(turn),
    ...sessionFirst(turn.events),
    ...toolPairs(turn.events),
    ...usages(turn.events),
  ];
  if (turn.thrown !== undefined) broken.push(`run threw: ${describeError(turn.thrown)}`);
  for (const { pid, command } of turn.leftBehind) {
    broken.push(`a process was left behind: ${pid} ${command}`);
  }
  if (turn.io.processes.length > 0 && turn.io.calls[0] !== "begins") {
    broken.push("a process was spawned before `begins` was called");
  }
  return broken;
}

function endings({ events, thrown }: RecordedTurn): string[] {
  const count = events.filter(({ type }) => type === "end").length;
  if (count === 0) return thrown === undefined ? ["there is no end event"] : [];
  const broken = count > 1 ? [`there are ${count} end events`] : [];
  if (events.at(-1)?.type !== "end") broken.push("the end event is not the last one");
  return broken;
}

function sessionFirst(events: readonly RunnerEvent[]): string[] {
  const [first] = events;
  if (first === undefined || first.type === "session" || first.type === "end") {
    const ids = new Set(events.flatMap((e) => (e.type === "session" ? [e.session.id] : [])));
    return ids.size > 1 ? [`the session changed its id: ${[...ids].join(", ")}`] : [];
  }
  return [`the first event is "${first.type}", not the session`];
}

function toolPairs(events: readonly RunnerEvent[]): string[] {
  const open = new Set<string>();
  const closed = new Set<string>();
  const broken: string[] = [];
  for (const event of events) {
    if (event.type === "tool_call") {
      if (open.has(event.callId) || closed.has(event.callId)) {
        broken.push(`the tool call ${event.callId} started twice`);
      }
      open.add(event.callId);
    } else if (event.type === "tool_result") {
      if (closed.has(event.callId)) broken.push(`the tool call ${event.callId} ended twice`);
      else if (!open.delete(event.callId)) {
        broken.push(`the tool call ${event.callId} ended without a start`);
      }
      closed.add(event.callId);
    }
  }
  return [...broken, ...[...open].map((callId) => `the tool call ${callId} never ended`)];
}

/** A total so far never falls, and is never less than a part of it. */
function usages(events: readonly RunnerEvent[]): string[] {
  const totals = events.filter((event) => event.type === "usage");
  return totals.flatMap((usage, index) => {
    const before = totals[index - 1];
    const broken: string[] = [];
    if (before !== undefined && usage.outputTokens < before.outputTokens) {
      broken.push("the usage fell: it is this turn's total so far");
    }
    if (usage.cachedInputTokens > usage.inputTokens || usage.reasoningTokens > usage.outputTokens) {
      broken.push("a part of the usage is more than the whole");
    }
    return broken;
  });
}
