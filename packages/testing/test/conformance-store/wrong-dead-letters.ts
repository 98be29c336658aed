import type { OutboxRow } from "@agent-bridge/core";
import type { WrongStore } from "./wrong-stores.ts";

/** Stores that are wrong in what they do with dead letters and what goes with a text. */
export const wrongWithDeadLetters: readonly WrongStore[] = [
  {
    name: "says that it dropped whatever it was asked to",
    failing: ["S06 what is dropped is gone"],
    around: ({ intake }) => ({
      intake: {
        ...intake,
        dropDeadLetters: async (ids) => {
          await intake.dropDeadLetters(ids);
          return ids;
        },
      },
    }),
  },
  {
    name: "keeps what was dropped",
    failing: [
      "S06 what is dropped is gone",
      "S06 a reply that is dropped",
      "what is dropped makes",
    ],
    around: ({ intake, queries }) => ({
      intake: {
        ...intake,
        dropDeadLetters: async (ids) => {
          const there = await Promise.all(ids.map(async (id) => await queries.deadLetter(id)));
          return [...new Set(ids.filter((_, place) => there[place] !== undefined))];
        },
      },
    }),
  },
  {
    name: "forgets why a reply did not arrive",
    failing: ["a destination whose reply does not arrive"],
    tables: ({ outbox }) => ({
      outbox: { ...outbox, update: (row) => outbox.update({ ...row, problem: null }) },
    }),
  },
  {
    name: "forgets what it only counted",
    failing: ["of what nobody may send", "what is dropped makes room"],
    tables: ({ deadLetters }) => ({ deadLetters: { ...deadLetters, countOnly: () => undefined } }),
  },
  {
    name: "tells the sender of a dead letter at each repeat",
    failing: ["S28 a sender is told with the dead letter"],
    tables: ({ messages }) => ({ messages: { ...messages, known: () => undefined } }),
  },
  {
    name: "tells no sender of a dead letter",
    failing: [
      "S28 a sender is told with the dead letter",
      "S28 a notice has what its sending needs",
    ],
    tables: ({ outbox }) => ({
      outbox: {
        ...outbox,
        insert: (row: Omit<OutboxRow, "order">) => {
          if (row.item.taskId !== null) outbox.insert(row);
        },
      },
    }),
  },
  {
    name: "loses what goes with a reply",
    failing: ["what goes with a reply"],
    tables: ({ outbox }) => ({
      outbox: {
        ...outbox,
        insert: (row: Omit<OutboxRow, "order">) =>
          outbox.insert({ ...row, item: { ...row.item, attachments: [] } }),
      },
    }),
  },
];
