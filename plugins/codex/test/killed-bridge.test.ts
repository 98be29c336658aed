import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { sweep } from "@agent-bridge/process";
import { processesWith } from "@agent-bridge/testing/runner-conformance";
import { fakeCodexPath, temporaryFolder } from "./fake-codex.ts";
import { realCodex } from "./real-codex.ts";

const { folder, remove } = temporaryFolder();
const codex = await realCodex();
afterAll(async () => {
  await remove();
  await codex[Symbol.asyncDispose]();
});

const program = fileURLToPath(new URL("bridge-process.ts", import.meta.url));

/** Starts a process that runs one turn, and kills it with SIGKILL in the middle of the turn's tool call. */
async function killInTool(turn: object): Promise<{ stateId: string }> {
  const bridge = spawn(
    process.execPath,
    ["--conditions=agent-bridge-source", program, JSON.stringify({ folder, ...turn })],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(bridge, "exit");
  const line = once(createInterface(bridge.stdout), "line") as Promise<[string]>;
  const first = await Promise.race([line, exited.then(() => undefined)]);
  if (first === undefined) throw new Error("The bridge ended before its tool call.");
  bridge.kill("SIGKILL");
  await exited;
  return JSON.parse(first[0]) as { stateId: string };
}

test("S21 what a killed bridge left behind is found by its mark and ended", async () => {
  const { stateId } = await killInTool({ command: fakeCodexPath, prompt: "stubborn" });
  expect(await processesWith(stateId)).toHaveLength(2);
  const { found, survivors } = await sweep({ stateId, graceMs: 100 });
  expect(found).toHaveLength(2);
  expect(survivors).toEqual([]);
  expect(await processesWith(stateId)).toEqual([]);
});

test("S21 so it is with the real Codex, whose shells are in sessions of their own", async () => {
  const prompt = "[[shell setsid sh -c 'trap \"\" TERM HUP; sleep 300; sleep 301' & sleep 302]]";
  const options = { sandbox: "danger-full-access" };
  const { stateId } = await killInTool({ home: codex.home, prompt, options });
  expect((await processesWith(stateId)).length).toBeGreaterThan(0);
  await sweep({ stateId, graceMs: 100 });
  expect(await processesWith(stateId)).toEqual([]);
});
