import { setTimeout as sleep } from "node:timers/promises";
import { createBridge, defineRunner, systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import * as z from "zod";
import { type Figure, figureOf } from "./figures.ts";

const tasks = 20;
const eventsEach = 300;
/** 20 tasks, an event every 10 ms each: 2,000 events a second. */
const pauseMs = 10;

/** From a runner's event to a reader that is attached, at 2,000 events a second; and from a cancel to the runner's signal. */
export async function measureFeed(path: string): Promise<readonly Figure[]> {
  const aborted: number[] = [];
  const runner = defineRunner({
    name: "ticker",
    capabilities: { resume: false, questions: "none" },
    sessionScope: "anywhere",
    options: z.strictObject({}),
    check: async () =>
      await Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
    async *run(turn, io) {
      io.signal.addEventListener("abort", () => aborted.push(performance.now()), { once: true });
      for (let index = 0; index < eventsEach; index++) {
        yield { type: "notice", level: "info", text: String(performance.now()) };
        await sleep(pauseMs);
      }
      if (turn.prompt === "hang")
        await new Promise((_, reject) =>
          io.signal.addEventListener("abort", reject, { once: true }),
        );
      yield { type: "end", outcome: "completed", output: "" };
    },
  });
  await using store = sqliteStore({ path, clock: systemClock(), random: systemRandom });
  await using bridge = createBridge({
    store,
    routes: [{ kind: "prompt", from: "*", runner: "ticker" }],
    runners: [runner],
    limits: { concurrency: tasks },
  });
  await bridge.start();
  const handle = bridge.as({ type: "operator" });
  const delays: number[] = [];
  const follow = async (): Promise<void> => {
    const { task } = await handle.start({ payload: { text: "tick" } });
    for await (const event of handle.attach({ taskId: task.id })) {
      if (event.type === "turn.notice") delays.push(performance.now() - Number(event.data.text));
    }
  };
  await Promise.all(Array.from({ length: tasks }, follow));

  const cancels: number[] = [];
  for (let index = 0; index < 20; index++) {
    const { task } = await handle.start({ payload: { text: "hang" } });
    while ((await handle.task(task.id)).status === "pending") await sleep(5);
    aborted.length = 0;
    const start = performance.now();
    await handle.cancel(task.id);
    while (aborted.length === 0) await sleep(1);
    cancels.push((aborted[0] ?? Number.NaN) - start);
  }
  return [
    figureOf("runner's event → attached reader, 2,000/s", "ms", delays),
    figureOf("cancel → runner's signal", "ms", cancels),
  ];
}
