import { describe, expect, test } from "vitest";
import { retryMs } from "../../page/connection/backoff.ts";
import { Line, type LinePhase, type SocketListener } from "../../page/connection/line.ts";
import type { PortalPush } from "../../page/state/wire.ts";

/** A line over sockets that the test plays, with a clock that it turns. */
function lineOf() {
  const sockets: {
    listener: SocketListener;
    sent: Record<string, unknown>[];
    isClosed: boolean;
  }[] = [];
  const phases: LinePhase[] = [];
  const pushes: PortalPush[] = [];
  const timers = new Map<number, () => void>();
  let now = 0;
  const line = new Line({
    open: (listener) => {
      const socket = { listener, sent: [] as Record<string, unknown>[], isClosed: false };
      sockets.push(socket);
      return {
        send: (text) => void socket.sent.push(JSON.parse(text) as Record<string, unknown>),
        close: () => void (socket.isClosed = true),
      };
    },
    later: (ms, call) => {
      timers.set(ms, call);
      return () => timers.delete(ms);
    },
    now: () => now,
    random: () => 1,
    onPush: (push) => pushes.push(push),
    onPhase: (phase) => phases.push(phase),
  });
  const current = () => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("No socket was opened.");
    return socket;
  };
  const hear = (message: object): void => current().listener.heard(JSON.stringify(message));
  return {
    line,
    sockets,
    phases,
    pushes,
    timers,
    current,
    hear,
    welcome: () => {
      current().listener.opened();
      hear({ type: "welcome", principal: "operator", version: "1", limits: {} });
    },
    wait: (ms: number) => void (now += ms),
    retry: () => {
      const [next] = timers;
      if (next === undefined) throw new Error("Nothing waits.");
      timers.delete(next[0]);
      next[1]();
      return next[0];
    },
  };
}

describe("the wait before the next try", () => {
  test("grows to half a minute, never below a second, and differs between pages", () => {
    expect([0, 1, 3, 10, 1_000].map((failures) => retryMs(failures, 1))).toEqual([
      1_000, 2_000, 8_000, 30_000, 30_000,
    ]);
    expect(retryMs(50, 0)).toBe(1_000);
    expect(retryMs(50, 0.5)).toBe(15_500);
  });
});

describe("the line", () => {
  test("gives each request its own reply, and a refusal with its code", async () => {
    const { line, welcome, current, hear } = lineOf();
    line.connect();
    welcome();
    const one = line.ask("task", { taskId: "a" });
    const two = line.ask("task", { taskId: "b" });
    const [first, second] = current().sent.slice(-2);
    hear({ type: "reply", id: second?.["id"], result: "two" });
    hear({ type: "reply", id: first?.["id"], error: { code: "TASK_NOT_FOUND", message: "no" } });
    await expect(two).resolves.toBe("two");
    await expect(one).rejects.toMatchObject({ code: "TASK_NOT_FOUND", message: "no" });
  });

  test("a request whose reply was not heard fails as lost, and so does one before it is open", async () => {
    const { line, welcome, current } = lineOf();
    line.connect();
    await expect(line.ask("describe", {})).rejects.toThrow("lost");
    welcome();
    const asked = line.ask("describe", {});
    current().listener.closed({ code: 1006, reason: "" });
    await expect(asked).rejects.toThrow("lost");
  });

  test("comes back, later with each failure, and at once when it was open for long", () => {
    const { line, welcome, current, retry, wait, phases } = lineOf();
    line.connect();
    const waits = [0, 1, 2].map(() => {
      current().listener.closed({ code: 1006, reason: "" });
      return retry();
    });
    expect(waits).toEqual([1_000, 2_000, 4_000]);
    welcome();
    wait(60_000);
    current().listener.closed({ code: 1001, reason: "" });
    expect(phases.at(-1)).toMatchObject({ phase: "waiting", isStopping: true });
    expect(retry()).toBe(1_000);
  });

  test("does not come back when nobody is known here, and forgets a key that is not", () => {
    const { line, current, phases, timers } = lineOf();
    line.connect("no-key");
    current().listener.opened();
    expect(current().sent).toMatchObject([{ type: "authenticate", key: "no-key" }]);
    current().listener.closed({ code: 4001, reason: "The key is not known." });
    expect(phases.at(-1)).toEqual({ phase: "signed-out", reason: "The key is not known." });
    expect(timers.size).toBe(0);
    line.connect();
    current().listener.opened();
    expect(current().sent).toMatchObject([{ type: "describe" }]);
  });

  test("a socket that was left tells it nothing any more", () => {
    const { line, sockets, current, welcome, hear, pushes, phases } = lineOf();
    line.connect();
    const [old] = sockets;
    line.connect();
    expect(old?.isClosed).toBe(true);
    welcome();
    const count = [pushes.length, phases.length];
    old?.listener.heard(JSON.stringify({ type: "stopping" }));
    old?.listener.closed({ code: 1006, reason: "" });
    expect([pushes.length, phases.length]).toEqual(count);
    hear({ type: "stopping" });
    expect(pushes.at(-1)).toEqual({ type: "stopping" });
    expect(current().isClosed).toBe(false);
  });

  test("ended, it waits for nothing", () => {
    const { line, current, timers } = lineOf();
    line.connect();
    current().listener.closed({ code: 1006, reason: "" });
    line.end();
    expect(timers.size).toBe(0);
  });
});
