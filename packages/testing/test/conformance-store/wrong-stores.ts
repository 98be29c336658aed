import { setImmediate as turn } from "node:timers/promises";
import {
  type BridgeEvent,
  type ClaimRef,
  isBridgeError,
  isFinal,
  isTerminal,
  type OutboxRow,
} from "@agent-bridge/core";
import { wrongAtRemoval } from "./wrong-at-removal.ts";
import type { Variant } from "./variant-store.ts";
import { wrongWithDeadLetters } from "./wrong-dead-letters.ts";
import { wrongInLimits } from "./wrong-in-limits.ts";

/** A store that breaks the contract, and cases that must notice it. */
export interface WrongStore extends Variant {
  readonly name: string;
  /** The beginnings of the titles of these cases. */
  readonly failing: readonly string[];
}

/** Stores that are wrong in what they accept and whom they let work. */
const wrongAtWork: readonly WrongStore[] = [
  {
    name: "knows no message again",
    failing: ["a known key stores nothing", "the same key twice in one call", "S01 one key"],
    tables: ({ messages }) => ({ messages: { ...messages, known: () => undefined } }),
  },
  {
    name: "moves its position only when something was new",
    failing: ["the position is stored with the messages"],
    around: ({ intake }) => ({
      intake: {
        ...intake,
        accept: async ({ messages, position }) => {
          const results = await intake.accept({ messages });
          const isNew = results.some(({ result }) => result === "task");
          if (isNew && position !== undefined) await intake.accept({ messages: [], position });
          return results;
        },
      },
    }),
  },
  {
    name: "ignores the lanes",
    failing: ["S31 a conversation's tasks", "an earlier task of another runner"],
    tables: ({ tasks }) => ({
      tasks: { ...tasks, insert: (row) => tasks.insert({ ...row, isHead: true }) },
    }),
  },
  {
    name: "lets a stale attempt write",
    failing: ["S12 once another has claimed", "among many appends at once"],
    around: ({ work }, { tasks }) => {
      const current = ({ taskId, attempt }: ClaimRef): ClaimRef => ({
        taskId,
        attempt: tasks.find(taskId)?.task.attempt ?? attempt,
      });
      return {
        work: {
          ...work,
          append: async (claim, write) => await work.append(current(claim), write),
          suspend: async (claim, given) => await work.suspend(current(claim), given),
          release: async (claim, options) => await work.release(current(claim), options),
          finish: async (claim, result) => await work.finish(current(claim), result),
        },
      };
    },
  },
  {
    name: "renews a lease that another has claimed since",
    failing: ["S12 a lease that another has claimed"],
    around: ({ work }, { tasks }) => ({
      work: {
        ...work,
        renew: async (claims, leaseMs) => {
          const current = claims.map(({ taskId, attempt }) => ({
            taskId,
            attempt: tasks.find(taskId)?.task.attempt ?? attempt,
          }));
          const news = await work.renew(current, leaseMs);
          return news.map((one, place) => ({ ...one, attempt: claims[place]?.attempt ?? 0 }));
        },
      },
    }),
  },
  {
    name: "counts a planned release as a crash",
    failing: ["S04"],
    around: ({ work }, { tasks }) => ({
      work: {
        ...work,
        release: async (claim, options) => {
          await work.release(claim, options);
          const row = tasks.find(claim.taskId);
          if (row !== undefined) tasks.update({ ...row, isLost: true });
        },
      },
    }),
  },
  {
    name: "measures leases by the wall clock",
    failing: ["S36 a wall clock that jumps ends no lease"],
    clock: (clock) => ({ ...clock, steady: () => clock.now() }),
  },
];

/** Stores that are wrong in what they write. */
const wrongInWriting: readonly WrongStore[] = [
  {
    name: "leaves a gap in seq after a refused append",
    failing: ["among many appends at once"],
    ...(() => {
      const gaps = new Map<string, number>();
      const after = new Map<string, number>();
      const shift = <E extends { readonly taskId: string; readonly seq: number }>(event: E): E => {
        const from = after.get(event.taskId);
        if (from === undefined || event.seq <= from) return event;
        return { ...event, seq: event.seq + (gaps.get(event.taskId) ?? 0) };
      };
      return {
        tables: ({ events }) => ({
          events: {
            ...events,
            append: (event) => shift(events.append(event)),
            ofTask: (taskId, place, limit) => events.ofTask(taskId, place, limit).map(shift),
            range: (request) => events.range(request).map(shift),
          },
        }),
        around: ({ work }, { events }) => ({
          work: {
            ...work,
            append: async (claim, write) => {
              try {
                return await work.append(claim, write);
              } catch (error) {
                const { taskId } = claim;
                after.set(taskId, events.ofTask(taskId, 0, 1e6).length);
                gaps.set(taskId, write.events.length);
                throw error;
              }
            },
          },
        }),
      } satisfies Variant;
    })(),
  },
  {
    name: "stores the reply in a transaction after the one that ends the task",
    failing: ["no reader ever sees an ended task without its reply"],
    tables: ({ outbox }) => ({
      outbox: {
        ...outbox,
        insert: (row: Omit<OutboxRow, "order">) => {
          if (row.item.type === "reply") setImmediate(() => outbox.insert(row));
          else outbox.insert(row);
        },
      },
    }),
    around: ({ work }) => ({
      work: {
        ...work,
        finish: async (claim, result) => {
          const task = await work.finish(claim, result);
          await turn();
          await turn();
          return task;
        },
      },
    }),
  },
  {
    name: "stores a session apart from its append",
    failing: ["a refused append moves no session"],
    around: ({ work }, { conversations, tasks }) => ({
      work: {
        ...work,
        append: async (claim, write) => {
          const task = tasks.find(claim.taskId)?.task;
          if (write.session !== undefined && task?.conversationId !== undefined)
            conversations.saveSession(task.conversationId ?? "", task.runner, write.session);
          return await work.append(claim, write);
        },
      },
    }),
  },
  {
    name: "lets an answer win over a cancel that came first",
    failing: ["S19 a running task is marked", "S19 a cancel and an end at the same moment"],
    around: ({ work }) => ({
      work: {
        ...work,
        finish: async (claim, result) =>
          await work.finish(claim, { ...result, ifCancelled: result.ending }),
      },
    }),
  },
  {
    name: "leaves half of a refused batch behind",
    failing: ["a batch that holds what can not be stored"],
    around: ({ intake }) => ({
      intake: {
        ...intake,
        accept: async (batch) => {
          try {
            return await intake.accept(batch);
          } catch (error) {
            if (isBridgeError(error, "INPUT_TOO_LARGE"))
              await intake.accept({ messages: batch.messages.slice(0, 1) });
            throw error;
          }
        },
      },
    }),
  },
  {
    name: "forgets what a person was told to wait for",
    failing: ["a sender is told once"],
    tables: ({ questions }) => ({
      questions: {
        ...questions,
        update: (row) => questions.update({ ...row, isWaitingTold: false }),
      },
    }),
  },
];

/** Stores that are wrong for their readers. */
const wrongForReaders: readonly WrongStore[] = [
  {
    name: "does not tell its watchers of the terminal event",
    failing: ["S15 a reader that reads at each hint"],
    isTold: (hint, { tasks }) => {
      if (hint.topic !== "events") return true;
      const row = tasks.find(hint.taskId);
      return row === undefined || !isFinal(row.task.status);
    },
  },
  {
    name: "tells its watchers of the terminal event before it can be read",
    failing: ["S15 a reader that reads at each hint"],
    around: ({ log }) => {
      const isHidden = new Map<string, boolean>();
      const publish = (taskId: string): void => {
        if (isHidden.has(taskId)) return;
        isHidden.set(taskId, true);
        setImmediate(() => isHidden.set(taskId, false));
      };
      const isRead = (event: BridgeEvent): boolean => {
        if (!isTerminal(event)) return true;
        publish(event.taskId);
        return isHidden.get(event.taskId) === false;
      };
      return {
        log: {
          ...log,
          read: async (request) => {
            const page = await log.read(request);
            const events = page.events.filter(isRead);
            const next = events.at(-1)?.cursor ?? request.after ?? page.next;
            return events.length === page.events.length
              ? page
              : { ...page, events, next, atHead: true };
          },
        },
      };
    },
  },
  {
    name: "skips what another filter let out",
    failing: ["S14"],
    around: ({ log }) => ({
      log: {
        ...log,
        read: async (request) => {
          const page = await log.read(request);
          return request.types === undefined ? page : { ...page, next: await log.head() };
        },
      },
    }),
  },
  {
    name: "shows a task to everyone",
    failing: ["S23 what lies outside of a scope"],
    around: ({ queries }) => ({
      queries: { ...queries, task: async (id) => await queries.task(id, { all: true }) },
    }),
  },
  {
    name: "sends to one destination side by side",
    failing: ["first in, first out for each destination"],
    tables: ({ outbox }) => ({
      outbox: { ...outbox, insert: (row) => outbox.insert({ ...row, isHead: true }) },
    }),
  },
  {
    name: "acknowledges a log beyond what is not settled",
    failing: ["log: one entry"],
    around: ({ intake }) => ({
      intake: {
        ...intake,
        acksDue: async (channel) => {
          const settled = await intake.acksDue(channel, "queue");
          const messages = settled.flatMap((due) => due.messages);
          return settled.slice(-1).map((newest) => ({ ...newest, messages }));
        },
      },
    }),
  },
];

export const wrongStores: readonly WrongStore[] = [
  ...wrongAtWork,
  ...wrongInLimits,
  ...wrongInWriting,
  ...wrongForReaders,
  ...wrongWithDeadLetters,
  ...wrongAtRemoval,
];
