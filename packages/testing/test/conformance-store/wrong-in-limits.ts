import type { Variant } from "./variant-store.ts";
import type { WrongStore } from "./wrong-stores.ts";

/** Stores that are wrong in how much they let in, or let begin. */
export const wrongInLimits: readonly WrongStore[] = [
  {
    name: "knows no quota",
    failing: ["a direct call beyond the open tasks", "the bytes of open inputs"],
    tables: ({ tasks }) => ({ tasks: { ...tasks, load: () => ({ count: 0, bytes: 0 }) } }),
  },
  {
    name: "looks at a quota before the transaction that accepts",
    failing: ["a quota holds within one call"],
    ...(() => {
      const seen = new Map<string, { readonly count: number; readonly bytes: number }>();
      return {
        tables: ({ tasks }) => ({
          tasks: {
            ...tasks,
            load: (per, id) => {
              const load = seen.get(id) ?? tasks.load(per, id);
              seen.set(id, load);
              return load;
            },
          },
        }),
        around: ({ intake }) => ({
          intake: {
            ...intake,
            accept: async (batch) => {
              seen.clear();
              return await intake.accept(batch);
            },
          },
        }),
      } satisfies Variant;
    })(),
  },
  {
    name: "keeps what was too much for a quota as known",
    failing: ["a direct call beyond the open tasks"],
    around: ({ intake }, { messages }) => ({
      intake: {
        ...intake,
        accept: async (batch) => {
          const results = await intake.accept(batch);
          for (const [place, { result }] of results.entries()) {
            const { dedupe = null } = batch.messages[place] ?? {};
            const row = { dedupe, from: null, taskId: null, aboutId: null, agingTime: null };
            if (result === "quota_exceeded") messages.insert({ ...row, isAcknowledged: false });
          }
          return results;
        },
      },
    }),
  },
  {
    name: "lets a dead letter go that found no room",
    failing: ["a dead letter that is taken up while its quota is full"],
    around: ({ intake }, { deadLetters }) => ({
      intake: {
        ...intake,
        retryDeadLetter: async (request) => {
          const retried = await intake.retryDeadLetter(request);
          deadLetters.remove(request.deadLetterId);
          return retried;
        },
      },
    }),
  },
  {
    name: "counts a turn when it ends",
    failing: ["no more turns begin in a window", "many turns that want to begin at once"],
    tables: ({ budgets }) => ({
      budgets: { ...budgets, add: (row) => budgets.add({ ...row, turns: 0 }) },
    }),
  },
  {
    name: "counts a turn again in each attempt",
    failing: ["a task's turn is counted once"],
    tables: ({ tasks }) => ({
      tasks: { ...tasks, update: (row) => tasks.update({ ...row, isCharged: false }) },
    }),
  },
  {
    name: "keeps what was used for ever",
    failing: ["no more turns begin in a window", "what was used at several times"],
    tables: ({ budgets }) => ({
      budgets: { ...budgets, parts: (key) => budgets.parts(key, 0), tidy: () => undefined },
    }),
  },
  {
    name: "counts what an attempt has used without asking whose the task is",
    failing: ["S12 an attempt that lost its task uses nothing up"],
    around: ({ work }, { budgets }) => ({
      work: {
        ...work,
        append: async (claim, { spent, ...write }) => {
          if (spent !== undefined)
            budgets.add({ ...spent, key: spent.budget.key, turns: 0, until: 1e15 });
          return await work.append(claim, write);
        },
      },
    }),
  },
  {
    name: "measures windows by the wall clock",
    failing: ["S36 a wall clock that jumps neither frees a budget"],
    clock: (clock) => ({ ...clock, steady: () => clock.now() }),
  },
];
