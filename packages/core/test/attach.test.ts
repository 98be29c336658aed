import { describe, expect, test } from "vitest";
import { type BridgeEvent, isLogGap, type LogGap } from "@agent-bridge/core";
import { ended, eventsOf, makeBridge, settled, startBridge } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import {
  completed,
  gate,
  scriptedRunner,
  session,
  whole,
  works,
} from "./fixtures/scripted-runner.ts";
import { intercepted, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const seqs = (events: readonly BridgeEvent[]): readonly number[] => events.map(({ seq }) => seq);
const upTo = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index + 1);

async function collect(
  elements: AsyncIterable<BridgeEvent | LogGap>,
): Promise<readonly BridgeEvent[]> {
  const all: BridgeEvent[] = [];
  for await (const element of elements) {
    if (isLogGap(element)) throw new Error("Nothing was removed.");
    all.push(element);
  }
  return all;
}

describe.each(storeCases)("attach on $name", ({ place }) => {
  test("S15 readers that attach at any moment see every event once, in order, up to the terminal one", async () => {
    const steps = 60;
    const runner = scriptedRunner(async function* () {
      yield session("s");
      for (let step = 0; step < steps; step++) yield whole(`step ${step}`);
      yield completed("done");
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    const readers: Promise<readonly BridgeEvent[]>[] = [];
    for (let reader = 0; reader < 8; reader++) {
      readers.push(collect(operator.attach({ taskId: task.id })));
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    const all = await eventsOf(operator, task.id).then(async () => {
      await ended(operator, task.id);
      return await eventsOf(operator, task.id);
    });
    expect(seqs(all)).toEqual(upTo(all.length));
    for (const seen of await Promise.all(readers)) expect(seen).toEqual(all);
    // From the cursor of any event, exactly the rest follows.
    for (const [index, event] of all.entries()) {
      if (index === all.length - 1) break;
      const rest = await collect(operator.attach({ taskId: task.id, after: event.cursor }));
      expect(seqs(rest)).toEqual(seqs(all).slice(index + 1));
    }
  });

  test("until `ended` it stops at the terminal event; until `settled` it goes on to the reply's end", async () => {
    const channel = scriptedChannel();
    const sending = gate();
    channel.faults.beforeSend = async () => await sending.promise;
    const { operator } = await startBridge(await place().open(), { channels: [channel] });
    channel.deliver({ payload: { from: "ann", text: "x" } });
    const [task] = await eventually(async () => {
      const { items } = await operator.tasks({});
      expect(items).toHaveLength(1);
      return items;
    });
    const taskId = task?.id ?? "";
    const reading = collect(operator.attach({ taskId, until: "settled" }));
    const first = await collect(operator.attach({ taskId }));
    expect(first.at(-1)?.type).toBe("task.completed");
    sending.resolve();
    expect((await reading).at(-1)?.type).toBe("reply.delivered");
    // The same for who comes late.
    expect(await collect(operator.attach({ taskId }))).toEqual(first);
    const late = await collect(operator.attach({ taskId, after: first.at(-1)?.cursor ?? null }));
    expect(late).toEqual([]);
    expect(await settled(operator, taskId)).toMatchObject({ reply: "delivered" });
  });

  test("S17 a reader that never reads holds nobody up, and catches up from the store", async () => {
    const steps = 600;
    const runner = scriptedRunner(async function* () {
      for (let step = 0; step < steps; step++)
        yield { type: "text", text: `${step}`, delta: false };
      yield completed("done");
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    const slow = operator.attach({ taskId: task.id })[Symbol.asyncIterator]();
    expect((await slow.next()).done).toBe(false);
    const last = await ended(operator, task.id);
    expect(last.status).toBe("completed");
    const rest: BridgeEvent[] = [];
    for (let step = await slow.next(); step.done !== true; step = await slow.next())
      rest.push(step.value);
    expect(seqs(rest)).toEqual(upTo(rest.length + 1).slice(1));
    expect(rest.at(-1)?.type).toBe("task.completed");
    expect(rest.length).toBeGreaterThan(steps);
  });

  test("S30 a reader whose hints are lost still gets the terminal event", async () => {
    const clock = hurriedClock(10);
    const store = intercepted(await place({ clock }).open(), ({ name, go }) =>
      name === "log.watch" ? { [Symbol.dispose]: () => undefined } : go(),
    );
    const go = gate();
    const runner = scriptedRunner(async function* () {
      await go.promise;
      yield completed("done");
    });
    const { operator } = await startBridge(store, { runner, clock });
    const { task } = await operator.start({ payload: { text: "x" } });
    const reading = collect(operator.attach({ taskId: task.id }));
    const waiting = operator.wait({ taskIds: [task.id], timeoutMs: 5000 });
    go.resolve();
    expect((await reading).at(-1)?.type).toBe("task.completed");
    expect((await waiting).timedOut).toBe(false);
  });

  test("who leaves early, or aborts, leaves no bell behind", async () => {
    const runner = scriptedRunner(works());
    const { operator, bridge } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    for await (const event of operator.attach({ taskId: task.id }))
      if (event.type === "turn.text") break;
    const aborted = await collect(
      operator.attach({ taskId: task.id, signal: AbortSignal.timeout(20) }),
    );
    expect(aborted.length).toBeGreaterThan(0);
    const following = await collect(operator.follow({ signal: AbortSignal.timeout(20) }));
    expect(following).toEqual(aborted);
    await bridge.stop();
  });

  test("follow gives all of one's events after a cursor, or only new ones", async () => {
    const { operator, bridge } = await startBridge(await place().open());
    const one = await operator.start({ payload: { text: "1" } });
    await ended(operator, one.task.id);
    const stop = new AbortController();
    const fresh = (async () => {
      const seen: BridgeEvent[] = [];
      for await (const event of operator.follow({
        after: "now",
        types: ["task.completed"],
        signal: stop.signal,
      })) {
        if (!isLogGap(event)) seen.push(event);
        break;
      }
      return seen;
    })();
    await eventually(async () => await operator.events({ after: null }));
    const two = await operator.start({ payload: { text: "2" } });
    const theirs = await bridge.as({ type: "client", id: "another" }).start({
      payload: { text: "3" },
    });
    expect((await fresh).map(({ taskId }) => taskId)).not.toContain(one.task.id);
    await ended(operator, two.task.id);
    await ended(operator, theirs.task.id);
    const own: BridgeEvent[] = [];
    for await (const event of bridge
      .as({ type: "client", id: "another" })
      .follow({ signal: stop.signal })) {
      if (!isLogGap(event)) own.push(event);
      if (event.type === "task.completed") break;
    }
    expect(new Set(own.map(({ taskId }) => taskId))).toEqual(new Set([theirs.task.id]));
    stop.abort();
  });

  test.each([
    ["CURSOR_INVALID", () => "no cursor"],
    ["CURSOR_FOREIGN", () => "another.1"],
    ["CURSOR_AHEAD", (id: string) => `${id}.zzzz`],
  ] as const)("a cursor that can not be read from is refused: %s", async (code, cursor) => {
    const store = await place().open();
    const { operator } = makeBridge(store);
    const { task } = await operator.start({ payload: { text: "x" } });
    const after = cursor(store.id);
    await expect(operator.events({ after })).rejects.toMatchObject({ code });
    await expect(collect(operator.attach({ taskId: task.id, after }))).rejects.toMatchObject({
      code,
    });
  });
});
