import type { Clock } from "@agent-bridge/core";
import { systemClock } from "@agent-bridge/core";
import { expect, test } from "vitest";

import { openStore, temporarySchema } from "./fixtures/schemas.ts";
import {
  all,
  at,
  channelMessage,
  claimedOne,
  directMessage,
  eventsOf,
  finishing,
  text,
} from "./fixtures/messages.ts";

const texts = [
  "a\0b",
  "\0",
  "lone \ud800 high",
  "lone \ud801 high",
  "\ufffd low",
  "\udc00 low",
  "\ufffd",
  "",
  '"quoted"',
  "😀 pair",
  "é\u2028",
];

test("texts come back as they were given: NUL, lone surrogates, quotes", async () => {
  const schema = temporarySchema();
  {
    const store = await openStore({ schema });
    const messages = texts.map((value, index) =>
      directMessage({
        id: `t${index}`,
        owner: value,
        input: { payload: { value }, prompt: value },
        metadata: { [value]: value },
        conversation: {
          newId: `c${index}`,
          channel: null,
          workspace: "w",
          key: value,
          keepsSession: true,
        },
      }),
    );
    await store.intake.accept({ messages });
    const claims = await store.work.claim({
      worker: { node: "n", boot: "b" },
      runners: ["runner"],
      leaseMs: 60_000,
      limit: 100,
    });
    expect(claims).toHaveLength(texts.length);
    for (const [index, claim] of claims.entries()) {
      const session = { id: at(texts, index), state: { value: at(texts, index) } };
      await store.work.append(claim, { events: [text(at(texts, index))], session });
      await store.work.finish(claim, finishing(at(texts, index)));
    }
  }
  const store = await openStore({ schema });
  for (const [index, value] of texts.entries()) {
    const mine = { owner: value };
    expect(await store.queries.task(`t${index}`, mine)).toMatchObject({
      owner: value,
      input: { payload: { value }, prompt: value },
      output: { output: value },
      metadata: { [value]: value },
    });
    const { items } = await store.queries.tasks({ scope: mine }, { limit: 10, after: null });
    expect(items.map(({ id }) => id)).toEqual([`t${index}`]);
    const { events } = await store.log.read({ scope: mine, after: null, limit: 100 });
    expect(new Set(events.map(({ taskId }) => taskId))).toEqual(new Set([`t${index}`]));
    expect(events.find(({ type }) => type === "turn.text")?.data).toMatchObject({ text: value });
    expect(await store.queries.conversations(mine, { limit: 10, after: null })).toMatchObject({
      items: [{ id: `c${index}`, key: value, sessions: [{ sessionId: value }] }],
    });
  }
});

test("S01 keys that differ only in what UTF-8 can not say are different messages", async () => {
  const store = await openStore({ schema: temporarySchema() });
  const messages = texts.map((key) => channelMessage(key));
  const results = await store.intake.accept({ messages });
  expect(results.map(({ result }) => result)).toEqual(texts.map(() => "task"));
  const again = await store.intake.accept({ messages: texts.map((key) => channelMessage(key)) });
  expect(again.map((one) => (one.result === "known" ? one.task?.id : one.result))).toEqual(
    results.map((one) => (one.result === "task" ? one.task.id : one.result)),
  );
});

test("times keep their fractions, and numbers their last digit", async () => {
  const schema = temporarySchema();
  const time = 1_795_248_000_123.456;
  const clock: Clock = { ...systemClock(), now: () => time };
  const numbers = [0.1 + 0.2, 1e308, 5e-324, -1.5, 9_007_199_254_740_991];
  {
    const store = await openStore({ schema, clock });
    const claim = await claimedOne(store);
    await store.work.append(claim, {
      events: [{ type: "turn.tool_call", data: { callId: "1", name: "n", input: numbers } }],
      progress: 0.1 + 0.2,
    });
  }
  const store = await openStore({ schema, clock });
  const events = await eventsOf(store);
  expect(events.map((event) => event.at)).toEqual([time, time, time]);
  expect(events[2]?.data).toMatchObject({ input: numbers });
  const { items } = await store.queries.tasks({ scope: all }, { limit: 1, after: null });
  expect(items[0]).toMatchObject({ createdAt: time, progress: 0.1 + 0.2 });
});

test("S26 a payload and an answer of 10 MB are kept whole over a restart", async () => {
  const schema = temporarySchema();
  const long = "0123456789".repeat(1_000_000);
  {
    const store = await openStore({ schema });
    await store.intake.accept({
      messages: [directMessage({ id: "long", input: { payload: { long }, prompt: "p" } })],
    });
    const claims = await store.work.claim({
      worker: { node: "n", boot: "b" },
      runners: ["runner"],
      leaseMs: 60_000,
      limit: 1,
    });
    await store.work.finish(at(claims, 0), finishing(long));
  }
  const store = await openStore({ schema });
  const task = await store.queries.task("long", all);
  expect(isEqual(task?.input.payload, { long })).toBe(true);
  expect(task?.output?.output === long).toBe(true);
});

/** Without a difference of 10 MB in the report. */
const isEqual = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
