import { createBridge, newId, systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { type Figure, figureOf } from "./figures.ts";
import { echoRunner } from "./parts.ts";

const tasks = 10_000;

/** From opening a store with 10,000 open tasks, as a kill leaves it, to the first runner's call. */
export async function measureStart(path: string): Promise<readonly Figure[]> {
  const clock = systemClock();
  const routes = [{ kind: "prompt", from: "*" as const, runner: "echo" }];
  {
    await using store = sqliteStore({ path, clock, random: systemRandom });
    // Not started: what it accepts stays open.
    const idle = createBridge({
      store,
      routes,
      runners: [echoRunner({ called: () => {}, ended: () => {} })],
    });
    const handle = idle.as({ type: "operator" });
    const one = async (): Promise<unknown> =>
      await handle.start({ payload: { text: newId("text", systemRandom) } });
    for (let made = 0; made < tasks; made += 500)
      await Promise.all(Array.from({ length: 500 }, one));
    await idle.stop();
  }
  const started = performance.now();
  const called = Promise.withResolvers<number>();
  await using store = sqliteStore({ path, clock, random: systemRandom });
  const runner = echoRunner({ called: () => called.resolve(performance.now()), ended: () => {} });
  await using bridge = createBridge({ store, routes, runners: [runner] });
  await bridge.start();
  const readyMs = performance.now() - started;
  return [
    figureOf("open and start with 10,000 open tasks", "ms", [readyMs]),
    figureOf("the same, to the first runner's call", "ms", [(await called.promise) - started]),
  ];
}
