import type { StoreStats } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { deadLettersText, onlyCountedNotes } from "../src/render/only-counted.ts";

const counted = [
  { channel: "molecule:ws-1", reason: "not_allowed", count: 12 },
  { channel: "molecule:ws-2", reason: "not_allowed", count: 3 },
] as const;

const stats = (onlyCounted: StoreStats["onlyCounted"]): StoreStats => ({
  tasks: { pending: 0, running: 0, input_required: 0, completed: 0, failed: 0 },
  oldestPendingMs: null,
  outbox: 0,
  deadLetters: 1000,
  onlyCounted,
  openQuestions: 0,
});

test("what was only counted is told beside what is kept, and by channel", () => {
  expect(deadLettersText(stats([]))).toBe("1000");
  expect(deadLettersText(stats(counted))).toBe("1000, and 15 that were only counted");
  expect(onlyCountedNotes([])).toEqual([]);
  expect(onlyCountedNotes(counted)[0]).toMatch(/^12 more by molecule:ws-1 \(not_allowed\)/);
});
