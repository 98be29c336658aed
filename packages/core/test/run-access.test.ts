import {
  isBridgeError,
  type BridgeServer,
  type Handle,
  type RunAccess,
  type TurnIo,
} from "@agent-bridge/core";
import { describe, expect, test } from "vitest";
import { ended, startBridge } from "./fixtures/bridges.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { answers, completed, scriptedRunner } from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const serverOf = (taskId: string): BridgeServer => ({
  command: "/bin/agent-bridge",
  args: ["mcp"],
  environment: { TOKEN: `token-of-${taskId}` },
});

/** Access that remembers for which tasks it was given, and for which it was ended. */
function recordedAccess(): RunAccess & { readonly given: string[]; readonly over: string[] } {
  const [given, over]: [string[], string[]] = [[], []];
  const grant = (taskId: string) => {
    given.push(taskId);
    return { server: serverOf(taskId), [Symbol.dispose]: () => void over.push(taskId) };
  };
  return { given, over, grant };
}

async function refusal(starting: Promise<unknown>): Promise<unknown> {
  const error: unknown = await starting.catch((thrown: unknown) => thrown);
  return isBridgeError(error) ? error.code : "started";
}

const start = async (handle: Handle, text = "go on"): Promise<string> =>
  (await handle.start({ payload: { text } })).task.id;

describe.each(storeCases)("a run that uses the bridge, on $name", ({ place }) => {
  test("is given access when its runner asks for it, once, until its turn is over", async () => {
    const access = recordedAccess();
    const seen: unknown[] = [];
    let kept: TurnIo["access"];
    const runner = scriptedRunner(async function* (_turn, io) {
      seen.push(io.access?.(), io.access?.(), [...access.over]);
      kept = io.access;
      yield completed("done");
      await Promise.resolve();
    });
    const { operator } = await startBridge(await place().open(), { runner, runAccess: access });
    const id = await start(operator);
    await ended(operator, id);
    expect(seen).toEqual([serverOf(id), serverOf(id), []]);
    await expect.poll(() => access.over).toEqual([id]);
    expect(access.given).toEqual([id]);
    expect(() => kept?.()).toThrow("The turn is over.");
  });

  test("has none where its runner does not ask, or the host offers none", async () => {
    const access = recordedAccess();
    const quiet = await startBridge(await place().open(), { runAccess: access });
    await ended(quiet.operator, await start(quiet.operator));
    expect(access.given).toEqual([]);
    const seen: unknown[] = [];
    const runner = scriptedRunner(async function* (_turn, io) {
      seen.push(io.access);
      yield completed("done");
      await Promise.resolve();
    });
    const { operator } = await startBridge(await place().open(), { runner });
    await ended(operator, await start(operator));
    expect(seen).toEqual([undefined]);
  });

  test("reads its own task, sees what it started, and nothing else", async () => {
    const { bridge, operator } = await startBridge(await place().open());
    const [own, other] = [await start(operator), await start(operator)];
    const run = bridge.as({ type: "run", taskId: own });
    const child = await start(run);
    expect(await run.task(child)).toMatchObject({ owner: `run:${own}` });
    expect(await run.task(own)).toMatchObject({ id: own });
    expect((await run.events({ taskId: own })).events[0]).toMatchObject({ taskId: own });
    expect((await run.tasks({})).items.map(({ id }) => id)).toEqual([child]);
    const followed = await run.events({});
    expect(new Set(followed.events.map(({ taskId }) => taskId))).toEqual(new Set([child]));
    for (const refused of [
      run.task(other),
      run.events({ taskId: other }),
      run.cancel(own),
      run.wait({ taskIds: [own], timeoutMs: 0 }),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    }
  });

  test("starts so many tasks and no more, whatever becomes of them", async () => {
    const limits = { runTasks: 3 };
    const { bridge, operator } = await startBridge(await place().open(), { limits });
    const run = bridge.as({ type: "run", taskId: await start(operator) });
    for (let count = 0; count < 2; count++) await ended(run, await start(run));
    const request = { payload: { text: "once" }, idempotencyKey: "k" };
    const { task } = await run.start(request);
    expect(await run.start(request)).toMatchObject({ created: false, task: { id: task.id } });
    expect(await refusal(start(run))).toBe("NOT_ALLOWED");
    const other = bridge.as({ type: "run", taskId: await start(operator) });
    expect(await refusal(start(other))).toBe("started");
    expect(await refusal(start(operator))).toBe("started");
  });

  test("starts no task too many when several are started at once", async () => {
    const limits = { runTasks: 3 };
    const { bridge, operator } = await startBridge(await place().open(), { limits });
    const principal = { type: "run", taskId: await start(operator) } as const;
    const starting = Array.from(
      { length: 8 },
      async () => await refusal(start(bridge.as(principal))),
    );
    const started = (await Promise.all(starting)).filter((how) => how === "started");
    expect(started).toHaveLength(3);
    expect((await bridge.as(principal).tasks({})).items).toHaveLength(3);
  });

  test("starts runs that start runs, but only so deep", async () => {
    const limits = { runDepth: 2 };
    const runner = scriptedRunner(answers(() => "done"));
    const { bridge, operator } = await startBridge(await place().open(), { runner, limits });
    const first = bridge.as({ type: "run", taskId: await start(operator) });
    const second = bridge.as({ type: "run", taskId: await start(first) });
    const third = bridge.as({ type: "run", taskId: await start(second) });
    expect(await refusal(start(third))).toBe("NOT_ALLOWED");
    expect(await refusal(start(second))).toBe("started");
  });
});
