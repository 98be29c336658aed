import { errorCodes } from "@agent-bridge/core";
import { requestSchema, type PortalReply } from "@agent-bridge/plugin-portal";
import { manualClock } from "@agent-bridge/testing";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Client, startPortal, type TestPortal } from "./portal.ts";

let portal: TestPortal;
let ann: Client;
beforeEach(async () => {
  portal = await startPortal();
  ann = await portal.connect();
  await ann.until(({ type }) => type === "welcome");
});
afterEach(async () => await portal[Symbol.asyncDispose]());

/** The errors that no reply could name. */
const errors = (client: Client): readonly string[] =>
  client.messages
    .filter(({ type }) => type === "error")
    .map(({ error }) => (error as { readonly code: string }).code);

const repliesTo = (client: Client, id: string): readonly PortalReply[] =>
  client.messages.filter(
    (message) => message.type === "reply" && message["id"] === id,
  ) as unknown as readonly PortalReply[];

/** The socket lives, and so does the bridge behind it. */
async function expectAlive(client: Client = ann): Promise<void> {
  const { id } = await client.chat("are you there?");
  expect(await client.end(id)).toMatchObject({ status: "completed" });
}

/** What is sent, and the code of the error that answers it. */
const unreadable: readonly (readonly [string, string | Buffer, string])[] = [
  ["an empty message", "", "INPUT_INVALID"],
  ["no JSON", "hello", "INPUT_INVALID"],
  ["half of a JSON", '{"type":"chat","id":"1"', "INPUT_INVALID"],
  ["a list", "[]", "INPUT_INVALID"],
  ["null", "null", "INPUT_INVALID"],
  ["a number", "1e999", "INPUT_INVALID"],
  ["an object without an id", '{"type":"describe"}', "INPUT_INVALID"],
  ["an empty id", '{"type":"describe","id":""}', "INPUT_INVALID"],
  ["an id that is too long", `{"type":"describe","id":"${"i".repeat(65)}"}`, "INPUT_INVALID"],
  ["an id that is no text", '{"type":"describe","id":{"a":1}}', "INPUT_INVALID"],
  ["nesting of 100,000 levels", "[".repeat(100_000) + "]".repeat(100_000), "INPUT_TOO_DEEP"],
  ["10 MB", `{"type":"chat","id":"1","message":"${"x".repeat(10_000_000)}"}`, "INPUT_TOO_LARGE"],
];

/** What is wrong with a request that has an id. */
const wrong: readonly (readonly [string, object, string])[] = [
  ["no type", {}, "INPUT_INVALID"],
  ["an unknown type", { type: "shutdown" }, "INPUT_INVALID"],
  ["the name of a property that every object has", { type: "constructor" }, "INPUT_INVALID"],
  ["a missing field", { type: "chat" }, "INPUT_INVALID"],
  ["an empty message", { type: "chat", message: "" }, "INPUT_INVALID"],
  ["a field of a wrong type", { type: "cancel", taskId: 7 }, "INPUT_INVALID"],
  ["an unknown field", { type: "describe", admin: true }, "INPUT_INVALID"],
  ["a limit that is too high", { type: "tasks", limit: 1e9 }, "INPUT_INVALID"],
  ["a status that is none", { type: "tasks", status: ["done"] }, "INPUT_INVALID"],
  ["a message that is too long", { type: "chat", message: "x".repeat(300_000) }, "INPUT_TOO_LARGE"],
  ["a runner that is none", { type: "chat", message: "x", runner: "nobody" }, "ROUTE_NONE"],
  ["a task that is none", { type: "task", taskId: "../../etc" }, "TASK_NOT_FOUND"],
  ["a second key", { type: "authenticate", key: "key-bob" }, "INPUT_INVALID"],
];

describe("bad input over the socket", () => {
  test.for(unreadable)("%s is answered with an error, and the socket lives", async (row) => {
    const [, message, code] = row;
    ann.socket.send(message);
    await ann.until(({ type }) => type === "error");
    expect(errors(ann)).toEqual([code]);
    await expectAlive();
  });

  test.for(wrong)("a request with %s is refused by its id, and the socket lives", async (row) => {
    const [, request, code] = row;
    expect((await ann.reply(request)).error?.code).toBe(code);
    await expectAlive();
  });

  test("a request that quotes much is told of in few words", async () => {
    const { error } = await ann.reply({ type: "describe", ["k".repeat(100_000)]: 1 });
    expect(error?.code).toBe("INPUT_INVALID");
    expect(error?.message.length).toBeLessThan(500);
  });

  test("a __proto__ reaches no object", async () => {
    for (const text of [
      '{"type":"describe","id":"p1","__proto__":{"polluted":true}}',
      '{"__proto__":{"type":"describe"},"id":"p2"}',
      '{"type":"answer","id":"p3","questionId":"q","action":"accept","content":{"__proto__":{"polluted":true}}}',
    ])
      ann.send(text);
    for (const id of ["p1", "p2", "p3"]) {
      await ann.until((message) => message["id"] === id);
      expect(repliesTo(ann, id)[0]?.error?.code).toMatch(/^(INPUT_INVALID|QUESTION_NOT_FOUND)$/);
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    await expectAlive();
  });

  test("whatever a request holds, exactly one reply has its id, with a result or a known code", async () => {
    const types = requestSchema.options.map(({ shape }) => shape.type.value);
    const fields = [
      ...new Set(requestSchema.options.flatMap(({ shape }) => Object.keys(shape))),
    ].filter((name) => name !== "type" && name !== "id");
    let count = 0;
    const request = fc.record({
      type: fc.constantFrom(...types),
      more: fc.dictionary(
        fc.constantFrom(...fields),
        fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.constantFrom("accept", "decline")),
      ),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ type, more }) => {
        const id = `f${++count}`;
        ann.send({ ...more, type, id });
        await ann.until((message) => message["id"] === id);
        const replies = repliesTo(ann, id);
        expect(replies).toHaveLength(1);
        const { result, error } = replies[0] ?? {};
        expect(result === undefined).toBe(error !== undefined);
        expect([undefined, ...errorCodes]).toContain(error?.code);
        expect(error?.code).not.toBe("INTERNAL");
      }),
      { numRuns: 300 },
    );
    await expectAlive();
  });

  test("a thousand requests at once have one reply each", async () => {
    const ids = Array.from({ length: 1000 }, (_, place) => `many-${place}`);
    for (const [place, id] of ids.entries())
      ann.send(place % 2 === 0 ? { type: "tasks", id } : { type: "task", id, taskId: "task_none" });
    await expect
      .poll(() => ann.messages.filter(({ type }) => type === "reply").length, { timeout: 15_000 })
      .toBe(1000);
    const found = ids.map((id) => repliesTo(ann, id).map(({ error }) => error?.code));
    expect(found).toEqual(ids.map((_, place) => [place % 2 === 0 ? undefined : "TASK_NOT_FOUND"]));
    await expectAlive();
  });

  test("an id that is used twice is refused the second time, and nothing is done", async () => {
    ann.send({ type: "chat", id: "same", message: "once" });
    ann.send({ type: "chat", id: "same", message: "twice" });
    await expect.poll(() => repliesTo(ann, "same").length).toBe(2);
    const codes = repliesTo(ann, "same").map(({ error }) => error?.code);
    expect(new Set(codes)).toEqual(new Set(["INPUT_INVALID", undefined]));
    expect((await ann.ask<{ tasks: unknown[] }>({ type: "tasks" })).tasks).toHaveLength(1);
    await expectAlive();
  });

  test("a binary message closes the socket, and the others live", async () => {
    const other = await portal.connect("key-bob");
    ann.socket.send(Buffer.from('{"type":"describe","id":"1"}'), { binary: true });
    expect((await ann.closing()).code).toBe(1008);
    await expectAlive(other);
  });

  test("a message beyond every limit closes the socket, and the others live", async () => {
    const other = await portal.connect("key-bob");
    ann.socket.send("x".repeat(17 * 1024 * 1024));
    expect((await ann.closing()).code).toBe(1009);
    await expectAlive(other);
  });

  test.for([
    ["of what is no request", () => "no request"],
    ["of requests, more than may wait", (id: number) => ({ type: "tasks", id: `flood-${id}` })],
  ] as const)("a flood %s closes the socket, and the others live", async ([, message]) => {
    await using small = await startPortal({ limits: { refusals: 100, waiting: 10 } });
    const [flooding, other] = [await small.connect(), await small.connect("key-bob")];
    for (let sent = 0; sent < 2000; sent++) flooding.send(message(sent));
    expect((await flooding.closing()).code).toBe(1008);
    await expectAlive(other);
    await expect.poll(() => small.sockets.count).toBe(1);
  });

  test("refusals that are far apart are no flood", async () => {
    await using small = await startPortal({ limits: { refusals: 3 } });
    const client = await small.connect();
    for (let round = 0; round < 5; round++) {
      for (let refused = 0; refused < 3; refused++) await client.reply({ type: "none" });
      await client.ask({ type: "describe" });
    }
    await expectAlive(client);
  });
});

describe("who is nobody", () => {
  test.for([
    ["a request", { type: "tasks", id: "1" }],
    ["what is no JSON", "hello"],
    ["a wrong key", { type: "authenticate", id: "1", key: "key-eve" }],
    ["an empty key", { type: "authenticate", id: "1", key: "" }],
    ["2 MB", "x".repeat(2_000_000)],
  ] as const)("%s before a key closes the socket with 4001 and tells nothing", async ([, said]) => {
    const nobody = await portal.connect(null);
    nobody.send(said);
    expect((await nobody.closing()).code).toBe(4001);
    expect(nobody.messages).toEqual([]);
    await expectAlive();
  });

  test("a key in the first message opens the socket", async () => {
    const client = await portal.connect(null);
    client.send({ type: "authenticate", id: "1", key: "key-bob" });
    expect(await client.until(({ type }) => type === "welcome")).toMatchObject({
      principal: "client:bob",
    });
    await expectAlive(client);
  });

  test("a key in the address counts for nothing", async () => {
    const nobody = await Client.open(`${portal.url}?key=key-ann&token=key-ann`, null);
    nobody.send({ type: "tasks", id: "1" });
    expect((await nobody.closing()).code).toBe(4001);
  });

  test("who says nothing for ten seconds is sent away, and no timer is left", async () => {
    const clock = manualClock();
    await using timed = await startPortal({ clock });
    const [nobody, somebody] = [await timed.connect(null), await timed.connect()];
    await somebody.until(({ type }) => type === "welcome");
    await expect.poll(() => timed.sockets.count).toBe(2);
    await clock.advance(9_999);
    expect(nobody.closed).toBeUndefined();
    await clock.advance(1);
    expect((await nobody.closing()).code).toBe(4001);
    await expectAlive(somebody);
    await somebody.close();
    await expect.poll(() => timed.sockets.count).toBe(0);
    expect(clock.waiting).toBe(0);
  });

  test("of strangers there are a hundred at most; who has a key still comes in", async () => {
    for (let count = 0; count < 100; count++) await portal.connect(null);
    await expect(portal.connect(null)).rejects.toThrow("503");
    await expectAlive(await portal.connect("key-bob"));
  });

  test("a socket that shows no sign of life for two minutes is cut, and its task goes on", async () => {
    const clock = manualClock();
    await using timed = await startPortal({ clock });
    timed.agent.script([{ type: "pause" }, { type: "end", outcome: "completed", output: "on" }]);
    const gone = await timed.connect();
    const { id } = await gone.chat("go on without me");
    gone.socket.pause();
    await clock.advance(4 * 30_000);
    await expect.poll(() => timed.sockets.count).toBe(0);
    expect(clock.waiting).toBe(0);
    timed.agent.goOn();
    await expect.poll(async () => (await timed.operator.task(id)).status).toBe("completed");
  });
});
