import {
  type AckDue,
  type Channel,
  type Claim,
  isBridgeError,
  type NewMessage,
  type Outbox,
  type Store,
  type Work,
} from "@agent-bridge/core";
import { intercepted, type StoreCall } from "../fixtures/intercepted.ts";
import type { Platform } from "./platform.ts";
import type { Wrong } from "./simulation.ts";

type Batch = Parameters<Store["intake"]["accept"]>[0];

/** A store one of whose calls is replaced. */
const replacing = (
  name: string,
  by: (call: StoreCall, store: Store) => unknown,
): NonNullable<Wrong["store"]> => {
  return (store) =>
    intercepted(store, (call) => (call.name === name ? by(call, store) : call.go()));
};

/** A platform whose sends are replaced. */
const sending =
  (send: (channel: Channel) => NonNullable<Channel["send"]>): NonNullable<Wrong["platform"]> =>
  (platform: Platform) => {
    const { channelFor } = platform;
    return Object.defineProperties({} as Platform, {
      ...Object.getOwnPropertyDescriptors(platform),
      channelFor: {
        value: (process: Parameters<typeof channelFor>[0]) => {
          const channel = channelFor(process);
          return { ...channel, send: send(channel) };
        },
      },
    });
  };

/** The batch with each message changed. */
const eachMessage =
  (change: (message: NewMessage) => NewMessage) =>
  async ({ args }: StoreCall, store: Store): Promise<unknown> => {
    const batch = args[0] as Batch;
    return await store.intake.accept({ ...batch, messages: batch.messages.map(change) });
  };

const withoutLane = (made: { count: number }) =>
  eachMessage((message) => {
    const { outcome } = message;
    if (outcome.type !== "task" || outcome.task.conversation === null) return message;
    const { conversation } = outcome.task;
    if ("id" in conversation) return message;
    const key = `${conversation.key} ${++made.count}`;
    return {
      ...message,
      outcome: { ...outcome, task: { ...outcome.task, conversation: { ...conversation, key } } },
    };
  });

/** Acknowledgements that are due as soon as their message is accepted. */
function eagerAcks(): NonNullable<Wrong["store"]> {
  const due = new Map<string, AckDue["ack"]>();
  return (store) =>
    intercepted(store, ({ name, args, go }) => {
      if (name === "intake.accept")
        for (const { from } of (args[0] as Batch).messages)
          if (from !== null) due.set(from.channel, from.ack);
      if (name !== "intake.acksDue") return go();
      const channel = args[0] as string;
      const ack = due.get(channel);
      due.delete(channel);
      return Promise.resolve(ack === undefined ? [] : [{ channel, ack, messages: [] }]);
    });
}

/** Writes under whatever attempt owns the task now. */
const asTheOwner = (name: "work.append" | "work.finish") =>
  replacing(name, async ({ args, go }, store) => {
    try {
      return await go();
    } catch (error) {
      const { taskId } = args[0] as Claim;
      const task = await store.queries.task(taskId, { all: true });
      if (!isBridgeError(error, "CLAIM_LOST") || task === undefined) throw error;
      const ref = { taskId, attempt: task.attempt };
      if (name === "work.append")
        return await store.work.append(ref, args[1] as Parameters<Work["append"]>[1]);
      return await store.work.finish(ref, args[1] as Parameters<Work["finish"]>[1]);
    }
  });

/** A wrong part, and the promises of which it must be found to break one. */
export interface WrongCase {
  readonly name: string;
  readonly promises: readonly string[];
  /** Made anew for each play. */
  readonly make: () => Wrong;
}

export const wrongs: readonly WrongCase[] = [
  {
    name: "a store that lets a stale attempt go on",
    promises: ["a stale attempt writes nothing"],
    make: () => ({ store: asTheOwner("work.append") }),
  },
  {
    name: "a store that lets a stale attempt end a task",
    promises: ["a stale attempt writes nothing"],
    make: () => ({ store: asTheOwner("work.finish") }),
  },
  {
    name: "a store that forgets the keys of messages",
    promises: ["one key, one task"],
    make: () => ({
      store: replacing(
        "intake.accept",
        eachMessage((message) => ({ ...message, dedupe: null })),
      ),
    }),
  },
  {
    name: "a store that moves the position of a poll without its messages",
    promises: ["a message is only swallowed if it was accepted", "nothing is lost"],
    make: () => ({
      store: replacing("intake.accept", async ({ args, go }, store) => {
        const { messages, position } = args[0] as Batch;
        if (position === undefined || messages.length < 3) return await go();
        await store.intake.accept({ messages: [], position });
        return messages.map(() => ({ result: "known", task: null, settled: true }));
      }),
    }),
  },
  {
    name: "a store that has a message acknowledged once it is accepted",
    promises: ["only what is settled is acknowledged"],
    make: () => ({ store: eagerAcks() }),
  },
  {
    name: "a store that forgets that an agent began to act",
    promises: ["nothing is run again in silence"],
    make: () => ({
      store: replacing("work.append", async ({ args }, store) => {
        const { begins: _, ...write } = args[1] as Parameters<Work["append"]>[1];
        return await store.work.append(args[0] as Claim, write);
      }),
    }),
  },
  {
    name: "a store without lanes",
    promises: ["lanes are in order"],
    make: () => ({ store: replacing("intake.accept", withoutLane({ count: 0 })) }),
  },
  {
    name: "a store that completes what was cancelled",
    promises: ["a cancelled task never completes"],
    make: () => ({
      store: replacing("work.finish", async ({ args }, store) => {
        const result = args[1] as Parameters<Work["finish"]>[1];
        return await store.work.finish(args[0] as Claim, { ...result, ifCancelled: result.ending });
      }),
    }),
  },
  {
    name: "a store that keeps nobody from what another sends",
    promises: ["replies are effectively once"],
    make: () => ({
      store: replacing("outbox.sending", async ({ args }, store) => {
        const [ids, worker] = args as Parameters<Outbox["sending"]>;
        return await store.outbox.sending(ids, worker, 0);
      }),
    }),
  },
  {
    name: "a store that sets the work of living nodes free",
    promises: ["two attempts never act at once", "replies are effectively once"],
    make: () => ({
      store: replacing("work.forfeit", async ({ go }, store) => {
        for (const node of ["one", "two", "three"])
          await store.work.forfeit({ node, boot: "of nobody" });
        return await go();
      }),
    }),
  },
  {
    name: "a store whose leases can not be renewed",
    promises: ["two attempts never act at once", "no attempt runs twice at once"],
    make: () => ({
      store: replacing(
        "work.renew",
        async ({ args }, store) => await store.work.news(args[0] as Claim[]),
      ),
    }),
  },
  {
    name: "a store whose pages of the log leave out an event",
    promises: ["every reader sees the same log"],
    make: () => ({
      store: replacing("log.read", async ({ go }) => {
        const page = (await go()) as Awaited<ReturnType<Store["log"]["read"]>>;
        return page.events.length < 5 ? page : { ...page, events: page.events.toSpliced(2, 1) };
      }),
    }),
  },
  {
    name: "a channel that says that it sent what it did not",
    promises: ["what is delivered was shown"],
    make: () => ({ platform: sending(() => async () => await Promise.resolve({ ref: null })) }),
  },
  {
    name: "a channel that gives each try a key of its own",
    promises: ["a reply keeps its key"],
    make: () => {
      let tries = 0;
      return {
        platform: sending(
          (channel) => async (reply, options) =>
            (await channel.send?.(reply, { ...options, idempotencyKey: `try-${++tries}` })) ?? {
              ref: null,
            },
        ),
      };
    },
  },
];
