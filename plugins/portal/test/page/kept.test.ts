import { expect, test } from "vitest";
import { nothingKept, readKept, writeKept, type Kept } from "../../page/connection/kept.ts";

test("what a tab keeps is found again", () => {
  const storage = new Map<string, string>();
  const kept: Kept = {
    outbox: [
      { key: "k", text: "t", conversationId: "c", conversation: null, runner: null, refusal: null },
    ],
    newName: null,
    draft: "half a mess",
    windows: { task_1: { after: "c7", droppedCount: 3, attempt: 1 } },
  };
  writeKept({ setItem: (name, value) => void storage.set(name, value) }, kept);
  expect(readKept({ getItem: (name) => storage.get(name) ?? null })).toEqual(kept);
});

test("without storage, or with something else in it, nothing is kept and nothing fails", () => {
  const fail = (): never => {
    throw new Error("denied");
  };
  writeKept({ setItem: fail }, nothingKept);
  expect(readKept({ getItem: fail })).toEqual(nothingKept);
  expect(readKept({ getItem: () => "{" })).toEqual(nothingKept);
  expect(readKept({ getItem: () => null })).toEqual(nothingKept);
});
