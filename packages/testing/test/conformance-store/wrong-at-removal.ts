import { encodeCursor, type EndedTask, type Tables } from "@agent-bridge/core";
import type { WrongStore } from "./wrong-stores.ts";

/** The tables with ended tasks that look different to whoever decides what may go. */
const seenAs =
  (change: (task: EndedTask) => EndedTask) =>
  ({ tasks }: Tables) => ({
    tasks: {
      ...tasks,
      ended: (request: Parameters<typeof tasks.ended>[0]) => tasks.ended(request).map(change),
    },
  });

/** Stores that are wrong in what they remove, and in what they tell of it. */
export const wrongAtRemoval: readonly WrongStore[] = [
  {
    name: "removes a task whose reply is not settled",
    failing: ["a task that waits for no acknowledgement"],
    tables: (tables) => ({
      ...seenAs((task) => ({ ...task, reply: "none" }))(tables),
      outbox: { ...tables.outbox, isAnyOpen: () => false },
    }),
  },
  {
    name: "removes a task whose message is not acknowledged",
    failing: ["a task stays until its reply is delivered"],
    tables: ({ messages }) => ({ messages: { ...messages, ofTask: () => [] } }),
  },
  {
    name: "removes a task whose reply is a dead letter that is kept",
    failing: ["a task stays as long as a dead letter"],
    tables: ({ deadLetters }) => ({ deadLetters: { ...deadLetters, isAnyOf: () => false } }),
  },
  {
    name: "removes what is open as well",
    failing: ["an open task is never removed"],
    tables: ({ tasks }) => ({
      tasks: {
        ...tasks,
        ended: ({ limit, after }) =>
          tasks
            .list({ owner: null }, { limit, before: null })
            .toReversed()
            .filter(({ order }) => order > (after?.order ?? 0))
            .map(({ order, task, endedTime }) => ({
              order,
              id: task.id,
              owner: task.owner,
              conversationId: task.conversationId,
              reply: task.reply,
              endedTime: endedTime ?? 0,
            })),
      },
    }),
  },
  {
    name: "drops the key of a message with its task",
    failing: ["the key of a removed task answers expired", "a key outlives its task"],
    tables: ({ messages }) => ({
      messages: {
        ...messages,
        update: (row) => {
          if (row.taskId !== null && row.agingTime !== null) messages.remove(row);
          else messages.update(row);
        },
      },
    }),
  },
  {
    name: "forgets a key although it was met again",
    failing: ["a key that is met again"],
    tables: ({ messages }) => ({
      messages: {
        ...messages,
        update: (row) => {
          const known = messages.find(row.order);
          messages.update({ ...row, agingTime: known?.agingTime ?? row.agingTime });
        },
      },
    }),
  },
  {
    name: "acknowledges a message of a removed task no more",
    failing: ["a message of a removed task that comes again"],
    tables: ({ messages }) => ({
      messages: {
        ...messages,
        update: (row) =>
          messages.update({ ...row, isAcknowledged: row.isAcknowledged || row.agingTime !== null }),
      },
    }),
  },
  {
    name: "tells nobody of what was removed",
    failing: ["S18 a reader that stands before what was removed", "a gap is told on every page"],
    around: ({ log }) => ({
      log: { ...log, read: async (request) => ({ ...(await log.read(request)), gap: null }) },
    }),
  },
  {
    name: "tells everybody of what was removed",
    failing: ["S23 a gap is told to those only"],
    tables: ({ events }) => ({
      events: { ...events, floor: () => events.floor({ owner: null, conversationId: null }) },
    }),
  },
  {
    name: "takes the newest event that is left for its head",
    failing: ["places of the log are never used again"],
    around: ({ id, log }, { events }) => ({
      log: {
        ...log,
        head: async () => {
          const rows = events.range({
            after: 0,
            through: events.head(),
            limit: 1e6,
            owner: null,
            conversationId: null,
            types: null,
          });
          return await Promise.resolve(encodeCursor(id, rows.at(-1)?.position ?? 0));
        },
      },
    }),
  },
  {
    name: "uses the places of removed events again",
    failing: ["places of the log are never used again"],
    ...(() => {
      let freed = 0;
      return {
        tables: ({ events }: Tables) => {
          const moved = <E extends { readonly position: number }>(event: E): E => ({
            ...event,
            position: event.position - freed,
          });
          return {
            events: {
              ...events,
              append: (event: Parameters<typeof events.append>[0]) => moved(events.append(event)),
              head: () => events.head() - freed,
              ofTask: (taskId: string, after: number, limit: number) =>
                events.ofTask(taskId, after + freed, limit).map(moved),
              range: (request: Parameters<typeof events.range>[0]) =>
                events
                  .range({
                    ...request,
                    after: request.after + freed,
                    through: request.through + freed,
                  })
                  .map(moved),
              remove: (task: EndedTask) => {
                const count = events.remove(task);
                freed += count;
                return count;
              },
            },
          };
        },
      };
    })(),
  },
  {
    name: "leaves what was said in the history of the conversation",
    failing: ["an ended task is removed whole"],
    tables: ({ conversations }) => ({
      conversations: { ...conversations, removeMessages: () => undefined },
    }),
  },
  {
    name: "takes the session with the last task of a conversation",
    failing: ["a conversation goes on after its tasks were removed"],
    tables: ({ conversations }) => ({
      conversations: {
        ...conversations,
        removeMessages: (task) => {
          conversations.removeMessages(task);
          const row = conversations.find(task.conversationId ?? "");
          if (row !== undefined) conversations.remove(row);
        },
      },
    }),
  },
  {
    name: "stops at the first task that can not be removed yet",
    failing: ["what can not be removed yet holds up nothing"],
    around: ({ retention }) => ({
      retention: {
        ...retention,
        removeTasks: async (step) => {
          const removed = await retention.removeTasks(step);
          return removed.count === 0 ? { ...removed, next: null } : removed;
        },
      },
    }),
  },
];
