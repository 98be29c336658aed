import { createBridge } from "@agent-bridge/core";
import type { Logger } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import type { ManualClock } from "@agent-bridge/testing";
import { defaultToken, fakeTools, startFakePlatform } from "@agent-bridge/testing/fake-platform";
import type { FakePlatform } from "@agent-bridge/testing/fake-platform";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { moleculeHttpChannel, moleculeToolsChannel } from "../src/index.ts";
import type { MoleculeHttpChannel, MoleculeHttpOptions } from "../src/index.ts";

let platform: FakePlatform;
let clock: ManualClock;
let opened: MoleculeHttpChannel[] = [];
/** The warnings and errors, with all that was said about them. */
let warnings: string[] = [];
/** Every line of the log. */
let lines: string[] = [];

beforeEach(async () => {
  clock = manualClock();
  opened = [];
  warnings = [];
  lines = [];
  platform = await startFakePlatform({ now: () => clock.now() });
});

afterEach(async () => {
  for (const one of opened) await one.dispose();
  await platform.close();
  if (clock.waiting > 0) throw new Error(`${clock.waiting} timers were left behind`);
});

const line = (message: string, data?: object): string => {
  const text = `${message} ${JSON.stringify(data)}`;
  lines.push(text);
  return text;
};
const logger: Logger = {
  debug: line,
  info: line,
  warn: (message, data) => warnings.push(line(message, data)),
  error: (message, data) => warnings.push(line(message, data)),
};

function channel(changes: Partial<MoleculeHttpOptions> = {}): MoleculeHttpChannel {
  const made = moleculeHttpChannel({
    name: "molecule:ws-self",
    platformUrl: platform.url,
    workspaceId: "ws-self",
    token: { value: defaultToken },
    clock,
    logger,
    ...changes,
  });
  opened.push(made);
  return made;
}

const { signal } = new AbortController();

const poll = (of: MoleculeHttpChannel, waitMs = 0) => of.receive({ after: null, waitMs, signal });

/** What the registry was told, in order. */
const told = () =>
  platform
    .log()
    .entries.filter(({ endpoint }) => endpoint === "register" || endpoint === "heartbeat");

const names = (): string[] => told().map(({ endpoint }) => endpoint);

const beats = (): Record<string, unknown>[] =>
  told()
    .filter(({ endpoint }) => endpoint === "heartbeat")
    .map(({ body }) => body as Record<string, unknown>);

/** Waits until the registry has heard so much, and the channel waits for its next beat. */
async function heard(count: number): Promise<void> {
  await expect.poll(() => told().length).toBe(count);
  // Only the next beat waits: no request, no poll.
  await expect.poll(() => clock.waiting).toBe(1);
}

describe("the heartbeat", () => {
  test("fault 9: a workspace is registered once and then beats every 20 seconds, also while a poll waits", async () => {
    const of = channel();
    const began = clock.now();
    expect(told()).toEqual([]);
    await poll(of);
    await heard(2);
    expect(told()[0]?.body).toEqual({
      id: "ws-self",
      url: "",
      agent_card: { name: "molecule:ws-self", skills: [] },
      delivery_mode: "poll",
    });
    // Between the calls.
    await clock.advance(19_999);
    expect(names()).toEqual(["register", "heartbeat"]);
    await clock.advance(1);
    await heard(3);
    // While a call waits: for its pause, its own requests and the beats.
    const aborted = new AbortController();
    const waiting = of.receive({ after: null, waitMs: 600_000, signal: aborted.signal });
    const ended = waiting.catch((error: unknown) => error);
    while (told().length < 6) {
      const polls = platform.state.sent.polls()["ws-self"] ?? 0;
      await clock.advance(5_000);
      await expect.poll(() => platform.state.sent.polls()["ws-self"]).toBeGreaterThan(polls);
      // The next beat and the next poll wait.
      await expect.poll(() => clock.waiting).toBe(2);
    }
    aborted.abort(new Error("enough"));
    expect(await ended).toMatchObject({ message: "enough" });
    expect(names().filter((name) => name === "register")).toHaveLength(1);
    const times = told()
      .slice(1)
      .map(({ at }) => (at - began) / 1_000);
    expect(times).toEqual([0, 20, 40, 60, 80]);
    const last = new Date(clock.now()).toISOString();
    expect(of.status().lastHeartbeatAt).toBe(last);
  });

  test("begins with the first poll, so a channel that only sends registers nothing", async () => {
    const of = channel();
    const destination = { to: "user", workspace: "" };
    await of.send({ destination, text: "hi" }, { idempotencyKey: "k", signal });
    expect(of.status().lastHeartbeatAt).toBeNull();
    expect([told(), clock.waiting]).toEqual([[], 0]);
  });

  test.for([404, 410])(
    "a registry that has forgotten it (%i) gets it registered again",
    async (status) => {
      const of = channel();
      await poll(of);
      await heard(2);
      platform.state.faults.arm({ endpoint: "heartbeat", fault: "status", status });
      await clock.advance(20_000);
      await heard(4);
      await clock.advance(20_000);
      await heard(5);
      expect(names()).toEqual(["register", "heartbeat", "heartbeat", "register", "heartbeat"]);
      expect(warnings).toHaveLength(1);
    },
  );

  test("a failing registry disturbs no poll and no reply, and is one warning for each streak", async () => {
    platform.state.faults.arm({ endpoint: "register", fault: "status", status: 503, times: 2 });
    platform.state.faults.arm({ endpoint: "heartbeat", fault: "close", times: 2 });
    const of = channel();
    const id = platform.state.addCanvas({ workspace: "ws-self", text: "hello" }).id;
    expect((await poll(of)).deliveries).toMatchObject([{ id }]);
    await heard(2);
    await clock.advance(20_000);
    await heard(4);
    const destination = { to: "user", workspace: "" };
    await of.send({ destination, text: "hi" }, { idempotencyKey: "k", signal });
    expect(warnings).toHaveLength(1);
    expect(of.status().lastHeartbeatAt).toBeNull();
    await clock.advance(20_000);
    await heard(6);
    expect(of.status().lastHeartbeatAt).toBe(new Date(clock.now()).toISOString());
    platform.state.faults.arm({ endpoint: "heartbeat", fault: "status", status: 500 });
    await clock.advance(20_000);
    await heard(7);
    expect(names().filter((name) => name === "register")).toHaveLength(3);
    expect(warnings).toHaveLength(2);
    // They are no errors of its own polls and sends.
    expect(beats().map(({ error_rate }) => error_rate)).toEqual([0, 0, 0, 0]);
  });

  test("a call that hangs is given up after five seconds", async () => {
    platform.state.faults.arm({ endpoint: "register", fault: "hang" });
    const of = channel();
    await poll(of);
    await heard(1);
    await clock.advance(4_999);
    expect(names()).toEqual(["register"]);
    await clock.advance(1);
    await heard(2);
    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]).toContain("no answer within 5 s");
    await clock.advance(15_000);
    await heard(4);
    expect(names()).toEqual(["register", "heartbeat", "register", "heartbeat"]);
  });

  test.for([
    ["while it waits", "none"],
    ["in the middle of a call", "hang"],
  ] as const)(
    "ends when the channel is disposed, %s, and leaves nothing behind",
    async ([, fault]) => {
      if (fault === "hang") platform.state.faults.arm({ endpoint: "heartbeat", fault });
      const of = channel();
      await poll(of);
      await heard(2);
      await of.dispose();
      await of.dispose();
      expect(clock.waiting).toBe(0);
      await clock.advance(120_000);
      await expect(poll(of)).rejects.toThrow("is closed");
      expect([names(), clock.waiting]).toEqual([["register", "heartbeat"], 0]);
      expect(warnings).toEqual([]);
    },
  );

  test("says nothing of the token, whatever the registry answers", async () => {
    const of = channel({
      fetch: async (url, init) => {
        if (!url.pathname.startsWith("/registry/")) return fetch(url, init);
        const { Authorization } = init.headers as Record<string, string>;
        return Response.json({ error: `bad header ${Authorization}` }, { status: 401 });
      },
    });
    await poll(of);
    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]).toContain("bad header Bearer [token]");
    expect(lines.join("\n")).not.toContain(defaultToken);
  });
});

describe("what a heartbeat tells", () => {
  test("counts what was received and not yet acknowledged, and names the newest", async () => {
    const of = channel();
    const rows = ["one", "two", "three"].map((text) =>
      platform.state.addCanvas({ workspace: "ws-self", text }),
    );
    await poll(of);
    await heard(2);
    const figures = async (count: number): Promise<unknown> => {
      await clock.advance(20_000);
      await heard(count);
      const { active_tasks, current_task } = beats().at(-1) ?? {};
      return [active_tasks, current_task];
    };
    expect(await figures(3)).toEqual([3, rows[2]?.id]);
    await of.ack({ seq: rows[1]?.seq ?? 0 }, { signal });
    expect(await figures(4)).toEqual([1, rows[2]?.id]);
    await of.ack({ seq: rows[2]?.seq ?? 0 }, { signal });
    // What was acknowledged and is seen again is no work.
    await poll(of);
    expect(await figures(5)).toEqual([0, ""]);
  });

  test("counts what an earlier start received and has not acknowledged yet", async () => {
    const of = channel();
    await of.receive({ after: null, waitMs: 0, signal, unacknowledged: 3 });
    await heard(2);
    expect(beats().at(-1)).toMatchObject({ active_tasks: 3 });
    platform.state.addCanvas({ workspace: "ws-self", text: "one more" });
    const { deliveries } = await of.receive({ after: null, waitMs: 0, signal, unacknowledged: 2 });
    await clock.advance(20_000);
    await heard(3);
    expect(beats().at(-1)).toMatchObject({ active_tasks: 3, current_task: deliveries[0]?.id });
    await of.receive({ after: null, waitMs: 0, signal, unacknowledged: 1 });
    await clock.advance(20_000);
    await heard(4);
    expect(beats().at(-1)).toMatchObject({ active_tasks: 1 });
  });

  test("counts messages that the platform does not number, too", async () => {
    const of = channel();
    for (const [place, id] of ["a", "b"].entries()) {
      const created_at = new Date(clock.now() + place).toISOString();
      platform.state.activity.appendGarbage("ws-self", { id, created_at });
    }
    const { deliveries } = await poll(of);
    expect(deliveries.map(({ id }) => id)).toEqual(["a", "b"]);
    await heard(2);
    const figures = async (count: number): Promise<unknown> => {
      await clock.advance(20_000);
      await heard(count);
      const { active_tasks, current_task } = beats().at(-1) ?? {};
      return [active_tasks, current_task];
    };
    expect(await figures(3)).toEqual([2, "b"]);
    await of.ack(deliveries[0]?.ack ?? null, { signal });
    expect(await figures(4)).toEqual([1, "b"]);
    await of.ack(deliveries[1]?.ack ?? null, { signal });
    expect(await figures(5)).toEqual([0, ""]);
    // There is nothing that such a platform could be told.
    expect(platform.log().entries.some(({ endpoint }) => endpoint === "ack")).toBe(false);
  });

  test("tells the errors of its polls and sends of the last five minutes, and its age", async () => {
    const of = channel();
    await clock.advance(7_500);
    await poll(of);
    await heard(2);
    platform.state.faults.arm({ endpoint: "activity", fault: "status", status: 503 });
    await expect(poll(of)).rejects.toThrow("503");
    platform.state.faults.arm({ endpoint: "notify", fault: "talk_to_user_disabled" });
    const destination = { to: "user", workspace: "" };
    const sending = of.send({ destination, text: "hi" }, { idempotencyKey: "k", signal });
    await expect(sending).rejects.toThrow("403");
    await poll(of);
    await clock.advance(20_000);
    await heard(3);
    expect(beats().at(-1)).toEqual({
      workspace_id: "ws-self",
      error_rate: 0.5,
      sample_error: expect.stringContaining("send failed: HTTP 403") as unknown,
      active_tasks: 0,
      current_task: "",
      uptime_seconds: 27,
    });
    for (let count = 4; count < 19; count++) {
      await clock.advance(20_000);
      await heard(count);
    }
    expect(beats().at(-1)).toMatchObject({ error_rate: 0, sample_error: "", uptime_seconds: 327 });
  });
});

test("the bridge's status carries the gap that a molecule channel knows of", async () => {
  const of = channel();
  await using bridge = createBridge({ runners: [], routes: [], channels: [of], clock });
  const gap = { from: "2026-01-01T00:00:00.000Z", until: "2026-01-03T00:00:00.000Z" };
  const after = {
    sinceId: null,
    sinceAt: null,
    seq: null,
    polledAt: clock.now(),
    gap: { ...gap, notedAt: gap.until },
  };
  await of.receive({ after, waitMs: 0, signal });
  await heard(2);
  const operator = bridge.as({ type: "operator" });
  const [channelStatus] = (await operator.status()).channels;
  expect(channelStatus?.details).toMatchObject({
    gap,
    lastHeartbeatAt: new Date(clock.now()).toISOString(),
  });
});

describe("an inbox behind tools", () => {
  const online = () => ({ platformUrl: platform.url, token: { value: defaultToken }, logger });

  test("is kept online over HTTP where that is asked for, with its own figures", async () => {
    const tools = fakeTools(platform.state);
    const of = moleculeToolsChannel({
      name: "molecule",
      tools,
      workspaceId: "ws-self",
      clock,
      online: online(),
    });
    const ids = ["one", "two"].map(
      (text) => platform.state.addCanvas({ workspace: "ws-self", text }).id,
    );
    const { deliveries } = await of.receive({ after: null, waitMs: 0, signal });
    expect(deliveries).toHaveLength(2);
    await heard(2);
    expect(names()).toEqual(["register", "heartbeat"]);
    await clock.advance(20_000);
    await heard(3);
    expect(beats().at(-1)).toMatchObject({ active_tasks: 2, current_task: ids[1], error_rate: 0 });
    platform.state.faults.arm({ endpoint: "send_message_to_user", fault: "status", status: 500 });
    const destination = { to: "user", workspace: "ws-self" };
    const sending = of.send({ destination, text: "hi" }, { idempotencyKey: "k", signal });
    await expect(sending).rejects.toMatchObject({ code: "CHANNEL_FAILED" });
    await of.ack(deliveries[0]?.ack ?? null, { signal });
    await clock.advance(20_000);
    await heard(4);
    expect(beats().at(-1)).toMatchObject({
      active_tasks: 1,
      error_rate: 0.5,
      sample_error: expect.stringContaining("500") as string,
      uptime_seconds: 40,
    });
    await of.dispose();
    await clock.advance(60_000);
    expect(told()).toHaveLength(4);
  });

  test("is left to its tools otherwise, and nobody is kept online without a name", async () => {
    const tools = fakeTools(platform.state);
    platform.state.addCanvas({ workspace: "ws-self", text: "one" });
    const of = moleculeToolsChannel({ name: "molecule", tools, clock });
    await of.receive({ after: null, waitMs: 0, signal });
    await of.dispose();
    expect(told()).toEqual([]);
    const nameless = () =>
      moleculeToolsChannel({ name: "molecule", tools, clock, online: online() });
    expect(nameless).toThrow(TypeError);
  });
});
