import { createBridge, systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { type Figure, figureOf } from "./figures.ts";
import { echoRunner, fedChannel, noteKind } from "./parts.ts";

/**
 * Sends messages through a durable bridge: from handing a message over to the runner's call, and from the
 * runner's end to the send. One message is under way in each conversation.
 */
export async function measureTrips(
  path: string,
  of: { conversations: number; messages: number },
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
      else feed();
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
    limits: { concurrency: of.conversations },
  });
  await bridge.start();
  for (let index = 0; index < of.conversations; index++) feed();
  await done.promise;
  const suffix = of.conversations === 1 ? "one conversation" : `${of.conversations} conversations`;
  return [
    figureOf(`received → runner called, ${suffix}`, "ms", toRunner),
    figureOf(`end → send called, ${suffix}`, "ms", toSend),
  ];
}
