import type { Budget, BudgetState, Claim, Spent } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import {
  completed,
  failed,
  leaseMs,
  otherNode,
  question,
  refused,
  type StoreBench,
} from "./bench.ts";

const windowMs = 24_000_000;
/** How much longer than the window what was used may count. */
const partMs = windowMs / 24;

const budget = (limits: Partial<Budget["limits"]>, key = "key"): Budget => ({
  key,
  windowMs,
  limits: { turns: null, tokens: null, workMs: null, ...limits },
});

const spent = (tokens: number, workMs = 0, key = "key"): Spent => ({
  budget: { key, windowMs },
  tokens,
  workMs,
});

/** A turn that wants to begin, of a task of its own. */
async function charged(
  { store, claimed }: StoreBench,
  of: Budget,
): Promise<BudgetState & { readonly claim: Claim }> {
  const claim = await claimed();
  return { ...(await store.work.charge(claim, of)), claim };
}

/** What turns, tokens and time are counted by. */
export const budgetCases: readonly StoreCase[] = [
  {
    title:
      "no more turns begin in a window than their budget has, and one more when it is free again",
    run: async (bench) => {
      const { store, clock } = bench;
      const two = budget({ turns: 2 });
      expect(await charged(bench, two)).toMatchObject({
        used: { turns: 1, tokens: 0, workMs: 0 },
        usedUp: null,
        freeInMs: 0,
      });
      expect((await charged(bench, two)).used.turns).toBe(2);
      const { claim, ...state } = await charged(bench, two);
      expect(state).toMatchObject({ used: { turns: 2 }, usedUp: "turns" });
      expect(state.freeInMs).toBeGreaterThanOrEqual(windowMs);
      expect(state.freeInMs).toBeLessThanOrEqual(windowMs + partMs);
      await store.work.renew([claim], 2 * windowMs);
      await clock.advance(state.freeInMs - 1);
      expect(await store.work.charge(claim, two)).toMatchObject({ usedUp: "turns", freeInMs: 1 });
      await clock.advance(1);
      expect(await store.work.charge(claim, two)).toMatchObject({
        used: { turns: 1 },
        usedUp: null,
      });
    },
  },
  {
    title: "what was used at several times is free again one after the other",
    run: async (bench) => {
      const { store, clock, claimed } = bench;
      const three = budget({ tokens: 300 });
      const claim = await claimed();
      await store.work.renew([claim], 10 * windowMs);
      for (const _ of [1, 2, 3]) {
        await store.work.append(claim, { events: [], spent: spent(100) });
        await clock.advance(2 * partMs);
      }
      const first = await store.work.charge(claim, three);
      expect(first).toMatchObject({ used: { tokens: 300 }, usedUp: "tokens" });
      expect(first.freeInMs).toBeGreaterThanOrEqual(windowMs - 6 * partMs);
      expect(first.freeInMs).toBeLessThanOrEqual(windowMs - 5 * partMs);
      const one = await store.work.charge(claim, budget({ tokens: 100 }));
      expect(one.freeInMs).toBe(first.freeInMs + 4 * partMs);
      await clock.advance(first.freeInMs);
      expect(await store.work.charge(claim, three)).toMatchObject({
        used: { tokens: 200, turns: 1 },
        usedUp: null,
      });
    },
  },
  {
    title: "S36 a wall clock that jumps neither frees a budget nor keeps it used up",
    run: async (bench) => {
      const { store, clock } = bench;
      const one = budget({ turns: 1 });
      await charged(bench, one);
      const { claim, freeInMs } = await charged(bench, one);
      await store.work.renew([claim], 2 * windowMs);
      for (const jump of [2 * windowMs, -4 * windowMs]) {
        clock.jump(jump);
        expect(await store.work.charge(claim, one)).toMatchObject({ usedUp: "turns", freeInMs });
      }
      await clock.advance(freeInMs);
      expect(await store.work.charge(claim, one)).toMatchObject({ usedUp: null });
    },
  },
  {
    title: "a task's turn is counted once, and is not stopped by its own number in a later attempt",
    run: async (bench) => {
      const { store, clock, claimNext } = bench;
      const one = budget({ turns: 1, tokens: 100 });
      const { claim } = await charged(bench, one);
      expect(await store.work.charge(claim, one)).toMatchObject({
        used: { turns: 1 },
        usedUp: null,
      });
      await clock.advance(leaseMs);
      const later = await claimNext({ worker: otherNode });
      expect(await store.work.charge(later, one)).toMatchObject({
        used: { turns: 1 },
        usedUp: null,
      });
      await store.work.append(later, { events: [], spent: spent(100) });
      expect(await store.work.charge(later, one)).toMatchObject({ usedUp: "tokens" });
    },
  },
  {
    title: "tokens and time are added by every write of a claim, and by its end with that end",
    run: async (bench) => {
      const { store, claimNext, claimed } = bench;
      const { work } = store;
      const { claim } = await charged(bench, budget({}));
      await work.append(claim, { events: [], spent: spent(1, 10) });
      await work.release(claim, { spent: spent(2, 20) });
      const again = await claimNext();
      await work.suspend(again, {
        question: question("q", { deadlineMs: 0 }),
        state: null,
        events: [],
        spent: spent(4, 40),
      });
      await work.finish(await claimNext(), {
        events: [],
        ending: completed("done"),
        ifCancelled: failed("cancelled"),
        spent: spent(8, 80),
      });
      const next = await claimed();
      expect(await work.charge(next, budget({ tokens: 15 }))).toMatchObject({
        used: { turns: 1, tokens: 15, workMs: 150 },
        usedUp: "tokens",
      });
      expect(await work.charge(next, budget({ workMs: 150 }))).toMatchObject({ usedUp: "workMs" });
      expect(await work.charge(next, budget({ tokens: 16, workMs: 151 }))).toMatchObject({
        used: { turns: 2 },
        usedUp: null,
      });
    },
  },
  {
    title: "budgets of different keys do not touch each other",
    run: async (bench) => {
      await charged(bench, budget({ turns: 1 }, "one"));
      expect((await charged(bench, budget({ turns: 1 }, "other"))).usedUp).toBeNull();
      expect((await charged(bench, budget({ turns: 1 }, "\ud800"))).usedUp).toBeNull();
      expect((await charged(bench, budget({ turns: 1 }, "\udfff"))).usedUp).toBeNull();
      expect((await charged(bench, budget({ turns: 1 }, "one"))).usedUp).toBe("turns");
    },
  },
  {
    title: "S12 an attempt that lost its task uses nothing up any more",
    run: async (bench) => {
      const { store, clock, claimNext } = bench;
      const { work } = store;
      const all = budget({ turns: 2, tokens: 100 });
      const { claim } = await charged(bench, all);
      await clock.advance(leaseMs);
      const later = await claimNext({ worker: otherNode });
      await refused(work.charge(claim, all), "CLAIM_LOST");
      await refused(work.append(claim, { events: [], spent: spent(100) }), "CLAIM_LOST");
      await refused(work.release(claim, { spent: spent(100) }), "CLAIM_LOST");
      expect(await work.charge(later, all)).toMatchObject({ used: { turns: 1, tokens: 0 } });
    },
  },
  {
    title: "many turns that want to begin at once get no more than their budget has",
    run: async (bench) => {
      const { store, accept, message, claims } = bench;
      await accept(...Array.from({ length: 12 }, () => message()));
      const states = await Promise.all(
        (await claims()).map(async (claim) => await store.work.charge(claim, budget({ turns: 5 }))),
      );
      expect(states).toHaveLength(12);
      expect(states.filter(({ usedUp }) => usedUp === null)).toHaveLength(5);
    },
  },
];
