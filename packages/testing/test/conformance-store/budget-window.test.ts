import { memoryStore, systemRandom, type BudgetState, type NewTask } from "@agent-bridge/core";
import { manualClock, type ManualClock } from "@agent-bridge/testing";
import * as fc from "fast-check";
import { expect, test } from "vitest";

const windowMs = 24_000;
const partMs = windowMs / 24;
const limit = 3;
const worker = { node: "node", boot: "boot" };

const task = (number: number): NewTask => ({
  id: `task-${number}`,
  kind: "chat.message",
  runner: "agent",
  owner: "ann",
  input: { payload: {}, prompt: "" },
  provenance: { kind: "chat.message", channel: null, workspace: "", sender: "ann" },
  rules: { options: {}, recover: "resume", unknownReply: "repeat" },
  metadata: {},
  destination: null,
  conversation: null,
  continues: null,
  questions: "decline",
  waitingText: null,
  hops: null,
  quotas: [],
  refusalText: null,
});

/** Turns that want to begin, one after the other. @returns each with its time */
async function beginnings(
  clock: ManualClock,
  pauses: readonly number[],
): Promise<readonly (BudgetState & { readonly at: number })[]> {
  await using store = memoryStore({ clock, random: systemRandom });
  const states = [];
  for (const [number, pauseMs] of pauses.entries()) {
    await clock.advance(pauseMs);
    const outcome = { type: "task", task: task(number) } as const;
    await store.intake.accept({ messages: [{ dedupe: null, from: null, outcome }] });
    const request = { worker, runners: ["agent"], leaseMs: 1e9, limit: 1 };
    const [claim] = await store.work.claim(request);
    if (claim === undefined) throw new Error("There was nothing to claim.");
    const limits = { turns: limit, tokens: null, workMs: null };
    const state = await store.work.charge(claim, { key: "key", windowMs, limits });
    states.push({ ...state, at: clock.steady() });
  }
  return states;
}

test("no window of a budget ever has more turns than it may, and none waits longer than it must", async () => {
  const pauses = fc.array(fc.nat(windowMs), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.nat(partMs), pauses, async (offset, given) => {
      const states = await beginnings(manualClock(Date.UTC(2030, 0, 1) + offset), given);
      const begun = states.filter(({ usedUp }) => usedUp === null).map(({ at }) => at);
      for (const at of begun)
        expect(
          begun.filter((other) => other > at - windowMs && other <= at).length,
        ).toBeLessThanOrEqual(limit);
      for (const { at, freeInMs } of states.filter(({ usedUp }) => usedUp !== null)) {
        const held = begun.filter((other) => other <= at && other > at - windowMs - partMs);
        // What was refused had as many turns before it in a window and one part of it.
        expect(held.length).toBeGreaterThanOrEqual(limit);
        const oldest = held.at(-limit) ?? 0;
        expect(at + freeInMs).toBeGreaterThanOrEqual(oldest + windowMs);
        expect(at + freeInMs).toBeLessThanOrEqual(oldest + windowMs + partMs);
      }
    }),
    { numRuns: 200 },
  );
});
