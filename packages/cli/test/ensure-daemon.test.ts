import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { clientConfig, daemonsOf, homeOnDemand } from "./background-daemons.ts";
import { document, type Home, type Started } from "./home.ts";

const secret = "a-secret-of-the-client";
const call = (home: Home): Started =>
  home.start([], {
    program: "fixtures/ensuring-caller.ts",
    input: null,
    env: { CLIENT_TOKEN: secret, GREETING: "from the client" },
  });

async function answerOf(caller: Started): Promise<Record<string, unknown>> {
  await expect.poll(caller.stdout, { timeout: 30_000 }).toContain("\n");
  return document(caller.stdout());
}

test("without a daemon one is started, in a session and folder of its own, with nothing of the caller's environment", async () => {
  const home = homeOnDemand();
  const caller = call(home);
  const { pid } = await answerOf(caller);
  expect(daemonsOf(home)).toEqual([pid]);
  const environment = readFileSync(`/proc/${String(pid)}/environ`, "utf8").split("\0");
  expect(environment).toContain("GREETING=from the configuration");
  expect(environment).toContain(`AGENT_BRIDGE_HOME=${home.folder}`);
  expect(environment.join("\n")).not.toContain(secret);
  const fields = readFileSync(`/proc/${String(pid)}/stat`, "utf8")
    .split(") ")[1]
    ?.split(" ");
  expect(Number(fields?.[3])).toBe(pid);
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
  // It outlives who started it, also one that is killed with its process group.
  caller.child.kill("SIGKILL");
  await caller.ended;
  expect(await home.run(["status"])).toMatchObject({ code: 0 });
  expect(await home.run(["down"])).toMatchObject({ code: 0 });
});

test("S35 ten callers that start one at once all join the one that lives", async () => {
  const home = homeOnDemand();
  const callers = Array.from({ length: 10 }, () => call(home));
  const pids = new Set((await Promise.all(callers.map(answerOf))).map(({ pid }) => pid));
  expect(pids.size).toBe(1);
  await expect.poll(() => daemonsOf(home), { timeout: 10_000 }).toEqual([...pids]);
}, 60_000);

test("a daemon that runs is joined, and stays as it was started", async () => {
  const home = homeOnDemand();
  const daemon = await home.up();
  expect(await answerOf(call(home))).toMatchObject({ pid: daemon.child.pid });
  expect(daemonsOf(home)).toEqual([]);
});

test("a start that fails is told as it is, and leaves nothing behind", async () => {
  const home = homeOnDemand();
  home.writeConfig({ ...clientConfig, routes: [{ kind: "prompt", from: "*", runner: "nobody" }] });
  expect(await answerOf(call(home))).toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("nobody"),
  });
  await expect.poll(() => daemonsOf(home)).toEqual([]);
});
