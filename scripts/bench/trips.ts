import { createBridge, systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { type Figure, figureOf } from "./figures.ts";
import { echoRunner, fedChannel, noteKind } from "./parts.ts";

/**
 * Sends messages through a durable bridge: from handing a message over to the runner's call, and from the
 * runner's end to the send. Without `everyMs` the next message comes when the last was answered; with it,
 * messages come at that pace, whatever is under way.
 */
export async function measureTrips(
  path: string,
  of: { conversations: number; messages: number; everyMs?: number },
): Promise<readonly Figure[]> {
  const received = new Map<string, number>();
  const ended = new Map<string, number>();
  const toRunner: number[] = [];
  const toSend: number[] = [];
  const done = Promise.withResolvers<void>();
  let next = 0;

  const feed = (): void => {
    if (next >= of.messages) return;
    const id = `message-${next}`;
    const conversation = `conversation-${next++ % of.conversations}`;
    fed.feed([{ id, kind: "note", workspace: "", payload: { conversation, text: id }, ack: null }]);
  };
  const fed = fedChannel({
    received: (ids) => ids.forEach((id) => received.set(id, performance.now())),
    sent: (text) => {
      toSend.push(performance.now() - (ended.get(text) ?? Number.NaN));
      if (toSend.length === of.messages) done.resolve();
      else if (of.everyMs === undefined) feed();
    },
  });
  const runner = echoRunner({
    called: (text) => toRunner.push(performance.now() - (received.get(text) ?? Number.NaN)),
    ended: (text) => ended.set(text, performance.now()),
  });
  await using store = sqliteStore({ path, clock: systemClock(), random: systemRandom });
  await using bridge = createBridge({
    store,
    kinds: [noteKind],
    routes: [{ kind: "note", from: "*", runner: "echo" }],
    runners: [runner],
    channels: [fed.channel],
    // What is measured is the way of a message, not how many are let in.
    limits: { concurrency: of.conversations, quotas: { messages: 1_000_000 } },
  });
  await bridge.start();
  if (of.everyMs === undefined) feed();
  const pace = of.everyMs === undefined ? undefined : setInterval(feed, of.everyMs);
  await done.promise;
  clearInterval(pace);
  const suffix =
    of.everyMs === undefined
      ? "one after another"
      : `${of.conversations} conversations, ${1000 / of.everyMs}/s`;
  return [
    figureOf(`received → runner called, ${suffix}`, "ms", toRunner),
    figureOf(`end → send called, ${suffix}`, "ms", toSend),
  ];
}
