import { memoryStore, type Store, systemClock, systemRandom } from "@agent-bridge/core";
import { describe, expect, test } from "vitest";
import { ann, openStore, startMcp } from "./fixtures/bridges.ts";
import { envelope, rawClient, type RawClient } from "./fixtures/raw-client.ts";

const taskIdOf = ({ value }: { value: object }): string =>
  (value as { task: { task_id: string } }).task.task_id;

interface Events {
  readonly events: readonly {
    readonly seq: number;
    readonly type: string;
    readonly task_id: string;
  }[];
  readonly next_cursor: string | null;
  readonly terminal: boolean;
  readonly gap?: object;
}

const eventsOf = async (client: RawClient, input: object): Promise<Events> =>
  (await client.call("task_events", input)).value as unknown as Events;

/** A store that can be told to answer no more reads, or to give no more hints. */
function faulty(store: Store): { store: Store; hang: () => void; deafen: () => void } {
  const state = { hangs: false, isDeaf: false };
  const part = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (object, key) => {
        const value = Reflect.get(object, key) as unknown;
        if (typeof value === "object" && value !== null) return part(value);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          const [listener] = args;
          if (key === "watch" && typeof listener === "function") {
            const heard = (hint: unknown): void => {
              if (!state.isDeaf) (listener as (hint: unknown) => void)(hint);
            };
            return Reflect.apply(value, object, [heard]) as unknown;
          }
          const isRead = ["task", "tasks", "read", "head", "questions"].includes(String(key));
          if (state.hangs && isRead) return new Promise(() => undefined);
          return Reflect.apply(value, object, args) as unknown;
        };
      },
    });
  return {
    store: part(store),
    hang: () => void (state.hangs = true),
    deafen: () => void (state.isDeaf = true),
  };
}

const memory = (): Store => memoryStore({ clock: systemClock(), random: systemRandom });

describe("a wait", () => {
  test.each([
    ["task_wait", (id: string) => ({ task_ids: [id], timeout_seconds: 0.3 })],
    ["task_events", (id: string) => ({ task_id: id, wait_seconds: 0.3 })],
  ])(
    "of %s returns within its limit though the store answers no more, with ids and cursor",
    async (name, input) => {
      const { store, hang } = faulty(memory());
      const client = rawClient((await startMcp({ store })).mcp, ann);
      const id = taskIdOf(await client.call("task_start", { prompt: "work" }));
      await client.call("task_wait", { task_ids: [id], timeout_seconds: 0 });
      const { next_cursor: after } = await eventsOf(client, { task_id: id });
      hang();
      const begun = performance.now();
      const given = name === "task_events" ? { ...input(id), after } : input(id);
      const { value } = await client.call(name, given);
      // It has its limit and half a second; what a busy machine adds is its own.
      expect(performance.now() - begun).toBeGreaterThan(250);
      expect(value["cursor"] ?? value["next_cursor"]).toEqual(expect.any(String));
      expect(value).toMatchObject(
        name === "task_wait"
          ? { timed_out: true, tasks: [{ task_id: id }] }
          : { events: [], next_cursor: after },
      );
    },
  );

  test("that is over is a normal answer, and the next one goes on", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const id = taskIdOf(await client.call("task_start", { prompt: "work" }));
    const first = await client.call("task_wait", { task_ids: [id], timeout_seconds: 0.05 });
    expect(first).toMatchObject({
      isError: false,
      value: { timed_out: true, tasks: [{ task_id: id }] },
    });
    await client.call("task_cancel", { task_id: id });
    const next = await client.call("task_wait", { task_ids: [id] });
    expect(next.value).toMatchObject({ timed_out: false, tasks: [{ status: "cancelled" }] });
    const { events } = await eventsOf(client, { after: first.value["cursor"] });
    expect(events.map(({ type }) => type)).toContain("task.cancel_requested");
  });

  test("for all lasts until the last has ended, for any until the first", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const work = taskIdOf(await client.call("task_start", { prompt: "work" }));
    const short = taskIdOf(await client.call("task_start", { prompt: "short" }));
    const ids = { task_ids: [work, short] };
    expect((await client.call("task_wait", ids)).value).toMatchObject({ timed_out: false });
    const all = await client.call("task_wait", { ...ids, until: "all", timeout_seconds: 0.05 });
    expect(all.value).toMatchObject({ timed_out: true });
  });

  test("S30 finds its end though every hint is lost", async () => {
    const { store, deafen } = faulty(openStore());
    const client = rawClient((await startMcp({ store })).mcp, ann);
    const id = taskIdOf(await client.call("task_start", { prompt: "ask" }));
    await client.call("task_wait", { task_ids: [id] });
    deafen();
    const waiting = client.call("task_wait", { task_ids: [id], until: "all" });
    const events = eventsOf(client, { task_id: id, types: ["task.completed"], wait_seconds: 20 });
    const asked = (await client.call("task_get", { task_id: id })).value as {
      task: { input_requests: { request_id: string }[] };
    };
    const request = asked.task.input_requests[0]?.request_id;
    await client.call("task_reply", { task_id: id, request_id: request, action: "accept" });
    expect((await waiting).value).toMatchObject({ timed_out: false });
    expect((await events).events).toMatchObject([{ type: "task.completed" }]);
  });

  test("tells of its progress only whom asked for it", async () => {
    const { mcp } = await startMcp({
      mcp: {
        // Ticks come at once: nothing waits for the clock here.
        clock: {
          ...systemClock(),
          timer: (ms, call) => systemClock().timer(ms > 5000 && ms < 9000 ? 5 : ms, call),
        },
      },
    });
    const client = rawClient(mcp, ann);
    const id = taskIdOf(await client.call("task_start", { prompt: "work" }));
    const input = { task_ids: [id], timeout_seconds: 0.1 };
    await client.call("task_wait", input);
    expect(client.notifications).toEqual([]);
    const params = { name: "task_wait", arguments: input };
    await client.request("tools/call", params, { ...envelope(), progressToken: "p" });
    const told = client.notifications.map(({ params: told_ }) => told_ as Record<string, unknown>);
    expect(told.length).toBeGreaterThan(1);
    expect(told.map(({ progress }) => progress)).toEqual(told.map((_, index) => index + 1));
    expect(told[0]).toMatchObject({ progressToken: "p", message: expect.any(String) });
  });

  test("S29 that its caller gives up ends, and the task goes on", async () => {
    const { bridge, mcp } = await startMcp();
    const client = rawClient(mcp, ann);
    const own = bridge.as(ann);
    client.say(
      JSON.stringify({
        jsonrpc: "2.0",
        id: "w",
        method: "tools/call",
        params: {
          name: "agent",
          arguments: { prompt: "work", idempotency_key: "k" },
          _meta: envelope(),
        },
      }),
    );
    await expect.poll(async () => (await own.tasks({ status: ["running"] })).items.length).toBe(1);
    const params = { requestId: "w", reason: "enough", _meta: envelope() };
    client.say(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params }));
    const found = await client.call("agent", {
      prompt: "work",
      idempotency_key: "k",
      wait_seconds: 0,
    });
    const { items } = await own.tasks({});
    expect(items).toMatchObject([
      { id: found.value["task_id"], status: "running", cancelRequested: false },
    ]);
  });
});

describe("a client that polls as it is told", () => {
  test.each([{}, { types: ["turn.text", "task.completed"] }])(
    "sees every event exactly once, in order, with pages of every size: %j",
    async (filter) => {
      const { bridge, mcp } = await startMcp();
      const client = rawClient(mcp, ann);
      const id = taskIdOf(await client.call("task_start", { prompt: "count 200" }));
      const seen: number[] = [];
      let after: string | null = null;
      for (let limit = 1; ; limit = (limit % 40) + 1) {
        const given = after === null ? {} : { after };
        const page: Events = await eventsOf(client, {
          task_id: id,
          ...filter,
          ...given,
          limit,
          wait_seconds: 20,
        });
        seen.push(...page.events.map(({ seq }) => seq));
        after = page.next_cursor;
        if (page.terminal) break;
      }
      const { events } = await bridge.as(ann).events({ taskId: id, limit: 1000 });
      const wanted = events.filter(({ type }) => (filter.types ?? [type]).includes(type));
      expect(seen).toEqual(wanted.map(({ seq }) => seq));
    },
  );

  test("S18 with a cursor that is none, of another store or ahead of the log is told so", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const other = rawClient((await startMcp()).mcp, ann);
    await other.call("task_start", { prompt: "x" });
    const { next_cursor: foreign } = await eventsOf(other, {});
    const { next_cursor: own } = await eventsOf(client, {});
    const store = own?.split(".")[0] ?? "";
    for (const [after, code] of [
      ["rubbish", "CURSOR_INVALID"],
      [foreign, "CURSOR_FOREIGN"],
      [`${store}.zzzzzz`, "CURSOR_AHEAD"],
    ]) {
      const { value, isError } = await client.call("task_events", { after });
      expect({ isError, value }).toMatchObject({ isError: true, value: { error: { code } } });
    }
  });

  test("S18 is told of events that retention has removed", async () => {
    const { store } = faulty(memory());
    const gap = { type: "log.gap" as const, after: null, through: `${store.id}.5` };
    const read = store.log.read.bind(store.log);
    const log = {
      ...store.log,
      read: async (request: never) => ({ ...(await read(request)), gap }),
    };
    log.head = store.log.head.bind(store.log);
    log.watch = store.log.watch.bind(store.log);
    const gapped = new Proxy(store, {
      get: (object, key) => (key === "log" ? log : (Reflect.get(object, key) as unknown)),
    });
    const client = rawClient((await startMcp({ store: gapped, isStarted: false })).mcp, ann);
    const page = await eventsOf(client, { wait_seconds: 20 });
    expect(page).toMatchObject({ gap: { after: null, through: `${store.id}.5` } });
  });
});

describe("an answer that is too large", () => {
  test("is cut with a mark, and the whole is behind its link", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const begun = await client.call("task_start", { prompt: "say 200000", wait_seconds: 20 });
    const [text, link] = begun.content;
    expect(Buffer.byteLength(text?.text ?? "")).toBeLessThanOrEqual(16 * 1024);
    expect(text?.text).toContain("[…cut: 200000 bytes in all]");
    expect(link).toMatchObject({ type: "resource_link" });
    const { result } = await client.request("resources/read", { uri: link?.uri ?? "" });
    const [whole] = (result?.["contents"] ?? []) as { text: string }[];
    expect((JSON.parse(whole?.text ?? "{}") as { output: string }).output).toHaveLength(200_000);
  });

  test("is at most what the server was told, and never over 64 KiB", async () => {
    for (const [answerBytes, most] of [
      [2048, 2048],
      [10_000_000, 64 * 1024],
    ] as const) {
      const client = rawClient((await startMcp({ mcp: { answerBytes } })).mcp, ann);
      const { content } = await client.call("task_start", {
        prompt: "say 300000",
        wait_seconds: 20,
      });
      expect(Buffer.byteLength(content[0]?.text ?? "")).toBeLessThanOrEqual(most);
      const many = Array.from(
        { length: 40 },
        async (_, at) => await client.call("task_start", { prompt: `p ${at}` }),
      );
      await Promise.all(many);
      const seen: string[] = [];
      for (let next: unknown = undefined; next !== null;) {
        const { value, content: page } = await client.call("task_list", {
          limit: 100,
          ...(next === undefined ? {} : { cursor: next }),
        });
        expect(Buffer.byteLength(page[0]?.text ?? "")).toBeLessThanOrEqual(most);
        seen.push(...(value["tasks"] as { task_id: string }[]).map(({ task_id: id }) => id));
        next = value["next_cursor"];
      }
      expect(new Set(seen).size).toBe(41);
      expect(seen).toHaveLength(41);
    }
  });
});
