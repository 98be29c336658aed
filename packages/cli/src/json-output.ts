import {
  type Attention,
  type BridgeEvent,
  type Conversation,
  type DeadLetter,
  type HistoryMessage,
  isLogGap,
  type LogGap,
  type Question,
  type RunnerStatus,
  type Task,
} from "@agent-bridge/core";
import type { DaemonStatus } from "@agent-bridge/host";

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** A task as `--json` shows it: times are ISO 8601, as everywhere in that output. */
export function taskJson(task: Task): object {
  const { createdAt, startedAt, endedAt } = task;
  return {
    ...task,
    createdAt: iso(createdAt),
    startedAt: isoOrNull(startedAt),
    endedAt: isoOrNull(endedAt),
  };
}

/** An event, or the gap that a stream tells of, which has no time. */
export function eventJson(event: BridgeEvent | LogGap): object {
  if (isLogGap(event)) return event;
  const data =
    event.type === "turn.question"
      ? { ...event.data, deadlineAt: iso(event.data.deadlineAt) }
      : event.data;
  return { ...event, at: iso(event.at), data };
}

export function questionJson(question: Question): object {
  return { ...question, askedAt: iso(question.askedAt), deadlineAt: iso(question.deadlineAt) };
}

export function conversationJson(conversation: Conversation): object {
  const { createdAt, lastActiveAt } = conversation;
  return { ...conversation, createdAt: iso(createdAt), lastActiveAt: iso(lastActiveAt) };
}

export function historyJson(message: HistoryMessage): object {
  return { ...message, at: iso(message.at) };
}

export function deadLetterJson(letter: DeadLetter): object {
  return { ...letter, at: iso(letter.at) };
}

function runnerJson({ checkedAt, lastFailure, ...runner }: RunnerStatus): object {
  return {
    ...runner,
    checkedAt: isoOrNull(checkedAt),
    lastFailure: lastFailure === null ? null : { ...lastFailure, at: iso(lastFailure.at) },
  };
}

function attentionJson({ questions, ...attention }: Attention): object {
  const shown = questions.map(({ askedAt, deadlineAt, ...question }) => ({
    ...question,
    askedAt: iso(askedAt),
    deadlineAt: iso(deadlineAt),
  }));
  return { ...attention, questions: shown };
}

function bridgeJson(bridge: DaemonStatus["bridge"]): object {
  const { startedAt, retention } = bridge;
  const channels = bridge.channels.map((channel) => ({
    ...channel,
    lastGoodPollAt: isoOrNull(channel.lastGoodPollAt),
    nextPollAt: isoOrNull(channel.nextPollAt),
  }));
  return {
    ...bridge,
    startedAt: iso(startedAt),
    channels,
    runners: bridge.runners.map(runnerJson),
    attention: attentionJson(bridge.attention),
    retention: { ...retention, lastRunAt: isoOrNull(retention.lastRunAt) },
  };
}

export function statusJson(status: DaemonStatus): object {
  const { last } = status.loop;
  const { loadedAt, refused } = status.config;
  return {
    ...status,
    startedAt: iso(status.startedAt),
    config: {
      ...status.config,
      loadedAt: iso(loadedAt),
      refused: refused === null ? null : { ...refused, at: iso(refused.at) },
    },
    loop: { ...status.loop, last: last === null ? null : { ...last, at: iso(last.at) } },
    bridge: bridgeJson(status.bridge),
  };
}
