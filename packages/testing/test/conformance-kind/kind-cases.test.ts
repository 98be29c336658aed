import { defineKind } from "@agent-bridge/core";
import type { Json, Kind } from "@agent-bridge/core";
import { kindCases, kindConformance } from "@agent-bridge/testing/kind-conformance";
import { describe, expect, test } from "vitest";
import * as z from "zod";

const schema = z.looseObject({ text: z.string(), from: z.string().nullish(), tags: z.json() });
type Note = z.output<typeof schema>;

const accepted: readonly Json[] = [
  { text: "hello", from: "ada", tags: ["a"] },
  { text: "", from: null, tags: { deep: { er: 1 } }, other: true },
];
const rejected: readonly Json[] = [{ text: 1, tags: [] }, { from: "ada" }];

const right: Kind<Note> = defineKind({
  name: "note",
  description: "A note.",
  schema,
  sender: ({ from }) => from || null,
  conversation: ({ from }, { channel }) => (from ? `${channel}:${from}` : null),
  prompt: ({ text }) => `Note: ${text}`,
  destination: ({ from }) => (from ? { to: from } : null),
  questions: "ask",
  answer: ({ text }) => (text === "yes" ? { action: "accept" } : null),
});

kindConformance({ kind: right, accepted, rejected });

let calls = 0;

/** One deviation each. The suite must notice every one. */
const wrong: Readonly<Record<string, Partial<Kind<Note>>>> = {
  "throws for a payload that the schema accepts": {
    prompt: (note) => `Note: ${(note.tags as { length: number }).length}${note.text}`.trim(),
    sender: ({ from }) => (from as string).toUpperCase() || null,
  },
  "gives an empty sender in place of null": { sender: ({ from }) => from ?? "" },
  "gives undefined inside a destination": {
    destination: ({ from }) => ({ to: from ?? undefined }) as Json,
  },
  "gives a destination that JSON changes": {
    destination: () => ({ at: new Date(0) }) as unknown as Json,
  },
  "gives another conversation each time": { conversation: () => `count:${calls++}` },
  "changes the payload": {
    prompt: (note) => {
      note["seen"] = true;
      return "Note";
    },
  },
  "has an empty prompt": { prompt: ({ text }) => text },
  "takes what is no object": { schema: z.any() },
  "refuses its own examples": { schema: z.looseObject({ text: z.literal("x"), tags: z.json() }) },
  "throws from its schema": {
    schema: schema.transform((note) => {
      throw new TypeError(note.text);
    }),
  },
  "reads answers of agents": { questions: "decline" },
  "gives an answer that is none": { answer: () => ({ action: "maybe" }) as never },
  "gives an attachment without an address": {
    attachments: () => [{ kind: "file", uri: "a file", mimeType: null, name: null }],
  },
  "reports on a reply without a name": { reportsOn: () => "" },
  "says another sender on the envelope": {
    envelope: (_, { workspace }) => ({ sender: workspace, destination: null }),
  },
  "throws for what is no message": {
    envelope: (payload) => ({ sender: (payload as { from: string }).from, destination: null }),
  },
  "has a name with a space": { name: "a note" },
};

describe("a wrong kind fails the suite", () => {
  test.each(Object.keys(wrong))("one that %s", (name) => {
    const kind: Kind<Note> = { ...right, ...wrong[name] };
    const failed = kindCases({ kind, accepted, rejected }).filter(({ run }) => {
      try {
        run();
        return false;
      } catch {
        return true;
      }
    });
    expect(failed.map(({ title }) => title)).not.toEqual([]);
  });
});
