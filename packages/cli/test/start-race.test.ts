import { isBridgeError } from "@agent-bridge/core";
import { connectDaemon, resolvePaths, type HostPaths } from "@agent-bridge/host";
import { expect, test } from "vitest";
import { documents, makeHome, type Home, type Started } from "./home.ts";

const rounds = 50;
const lanes = 2;

async function armed(home: Home): Promise<Started> {
  const command = home.start(["up", "--json"], {
    program: "fixtures/armed-command.ts",
    input: null,
  });
  await expect.poll(command.stdout, { timeout: 20_000, interval: 5 }).toContain("armed\n");
  return command;
}

/** A caller that asks again what may be asked again, as it is told to, and nothing else. */
async function callUntilAnswered(paths: HostPaths): Promise<number> {
  for (;;) {
    try {
      await using client = await connectDaemon(paths, { run: undefined });
      return (await client.call("status", {})).pid;
    } catch (error) {
      if (!isBridgeError(error) || !error.retryable) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function race(home: Home, round: number): Promise<void> {
  const paths = resolvePaths({ env: home.env });
  const racers = await Promise.all([armed(home), armed(home)]);
  for (const { child } of racers) child.stdin?.end("go\n");
  const callers = [1, 2, 3].map(async () => await callUntilAnswered(paths));
  const lost = await Promise.race(
    racers.map(async (racer) => ({ racer, ended: await racer.ended })),
  );
  const winner = racers.find((racer) => racer !== lost.racer);
  const pid = winner?.child.pid;
  expect(lost.ended).toMatchObject({ code: 3, stderr: expect.stringContaining("STATE_LOCKED") });
  expect(lost.ended.stderr).toContain(`in use by process ${pid} (agent-bridge`);
  expect(new Set(await Promise.all(callers))).toEqual(new Set([pid]));
  expect(winner?.child.exitCode).toBeNull();
  expect(documents(winner?.stdout().replace("armed\n", "") ?? "")).toMatchObject([
    { ready: { pid } },
  ]);
  // Every other one leaves what a kill leaves: its socket, and its name beside the lock.
  winner?.child.kill(round % 2 === 0 ? "SIGTERM" : "SIGKILL");
  await winner?.ended;
}

test(`S35 of two daemons started in the same millisecond one lives, ${rounds} times`, async () => {
  const lane = async (first: number): Promise<void> => {
    const home = makeHome();
    for (let round = first; round < rounds; round += lanes) await race(home, round);
  };
  await Promise.all(Array.from({ length: lanes }, async (_, first) => await lane(first)));
}, 180_000);
