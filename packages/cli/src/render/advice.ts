import type { DaemonStatus } from "@agent-bridge/host";

/** How long a message waits before it is worth a word. */
const longWaitMs = 60_000;

/** What may be wrong, and what to do then. */
const rows: readonly {
  readonly isSo: (found: DaemonStatus) => boolean;
  readonly advice: string;
}[] = [
  {
    isSo: ({ config }) => config.refused !== null,
    advice: "The changed configuration is not in force: `agent-bridge config check` tells why.",
  },
  {
    isSo: ({ plugins, bridge }) =>
      plugins.some(({ reason }) => reason !== null) ||
      bridge.runners.some(({ health }) => health?.ready === false),
    advice: "Something can not work: `agent-bridge doctor` names what mends it.",
  },
  {
    isSo: ({ bridge }) => bridge.channels.some(({ state }) => state === "backing_off"),
    advice:
      "A channel can not receive and tries again by itself; `agent-bridge config show` shows its address.",
  },
  {
    isSo: ({ bridge }) => bridge.attention.outbox.failing > 0,
    advice:
      "Replies do not arrive; one that is given up is a dead letter, which `agent-bridge dead-letter retry ID` sends again.",
  },
  {
    isSo: ({ bridge }) => bridge.attention.questions.length > 0,
    advice:
      "A task waits for an answer: `agent-bridge task reply TASK --accept` or `--decline` gives it.",
  },
  {
    isSo: ({ bridge }) => bridge.store.deadLetters > 0,
    advice: "Something was put aside: `agent-bridge dead-letter list` shows what and why.",
  },
  {
    isSo: ({ bridge }) =>
      bridge.running >= bridge.concurrency && (bridge.store.oldestPendingMs ?? 0) > longWaitMs,
    advice:
      "Messages wait for a free place: `limits.concurrency` of the configuration says how many there are.",
  },
];

/** What a person may do about a status, a sentence each. */
export function adviceFor(found: DaemonStatus): readonly string[] {
  return rows.flatMap(({ isSo, advice }) => (isSo(found) ? [advice] : []));
}
