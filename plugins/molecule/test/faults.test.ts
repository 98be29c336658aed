import { createBridge, type Runner, silentLogger, systemClock } from "@agent-bridge/core";
import {
  type FakePlatform,
  defaultToken,
  startFakePlatform,
} from "@agent-bridge/testing/fake-platform";
import { describe, expect, test } from "vitest";
import { canvasUser, moleculeHttpChannel, peerAgent } from "../src/index.ts";
import { bridgeLoop, recordingClock } from "./seed/bridge-loop.ts";
import { scriptedRunner } from "./seed/scripted-runner.ts";
import { seedTools } from "./seed/seed-tools.ts";

const canvas = (id: string, workspace: string, text = id): Record<string, unknown> => ({
  kind: "canvas_user",
  activity_id: id,
  arrival_workspace_id: workspace,
  text,
});

const peer = (id: string, workspace: string): Record<string, unknown> => ({
  kind: "peer_agent",
  activity_id: id,
  peer_id: "ws-peer",
  arrival_workspace_id: workspace,
  text: id,
});

/** Everything that waits in a queue, as `inbox_peek` shows it, without the head being popped. */
function peekable(messages: readonly Record<string, unknown>[]): ReturnType<typeof seedTools> {
  const left = [...messages];
  const tools = seedTools([]);
  tools.wait_for_message = async () =>
    await Promise.resolve(JSON.stringify(left[0] ?? { timeout: true }));
  tools.inbox_peek = async () => await Promise.resolve(JSON.stringify(left));
  tools.inbox_pop = async ({ activity_id: id }) => {
    const place = left.findIndex((message) => message["activity_id"] === id);
    if (place >= 0) left.splice(place, 1);
    tools.popped.push(id);
    return await Promise.resolve("{}");
  };
  return tools;
}

function overHttp(platform: FakePlatform, runner: Runner): ReturnType<typeof createBridge> {
  const clock = systemClock();
  return createBridge({
    kinds: [canvasUser, peerAgent],
    routes: [canvasUser, peerAgent].map((kind) => ({
      kind: kind.name,
      from: "*" as const,
      runner: "codex",
    })),
    runners: [runner],
    channels: [
      moleculeHttpChannel({
        name: "molecule:ws-self",
        platformUrl: platform.url,
        workspaceId: "ws-self",
        token: { value: defaultToken },
        clock,
        logger: silentLogger,
      }),
    ],
    clock,
  });
}

describe("what the original got wrong", () => {
  test("fault 1: a failed reply is kept and sent again with growing pauses, without another run, while others go on", async () => {
    const tried: number[] = [];
    const tools = peekable([canvas("act-1", "ws-bad"), canvas("act-2", "ws-good")]);
    const deliver = tools.send_message_to_user;
    tools.send_message_to_user = async (input) => {
      if (input.workspace_id !== "ws-bad" || tried.length >= 2) return await deliver(input);
      tried.push(performance.now());
      return await Promise.reject(new Error("502"));
    };
    const agent = scriptedRunner([
      { text: "first", sessionId: "s-1" },
      { text: "second", sessionId: "s-2" },
    ]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.canvasReplies).toContainEqual(["second", "ws-good"]);
    await expect.poll(() => tools.popped, { timeout: 8000 }).toContain("act-1");
    expect(tools.canvasReplies).toContainEqual(["first", "ws-bad"]);
    expect(agent.calls).toHaveLength(2);
    expect((tried[1] ?? 0) - (tried[0] ?? 0)).toBeGreaterThanOrEqual(900);
  });

  test("fault 2: a failed pop of a queue that redelivers runs and replies once", async () => {
    const tools = seedTools([canvas("act-1", "ws")]);
    const pop = tools.inbox_pop;
    let pops = 0;
    tools.inbox_pop = async (input) => {
      pops++;
      return pops <= 2 ? await Promise.reject(new Error("503")) : await pop(input);
    };
    const agent = scriptedRunner([{ text: "once", sessionId: "s" }]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped, { timeout: 8000 }).toEqual(["act-1"]);
    expect(agent.calls).toHaveLength(1);
    expect(tools.canvasReplies).toEqual([["once", "ws"]]);
  });

  test("fault 3: a text that tells an error is a failed reply", async () => {
    const tools = seedTools([canvas("act-1", "ws")]);
    const deliver = tools.send_message_to_user;
    let refusals = 0;
    tools.send_message_to_user = async (input) =>
      refusals++ === 0 ? "Error: platform is not reachable" : await deliver(input);
    const agent = scriptedRunner([{ text: "heard", sessionId: "s" }]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => refusals).toBe(1);
    expect(tools.popped).toEqual([]);
    await expect.poll(() => tools.popped, { timeout: 5000 }).toEqual(["act-1"]);
    expect(tools.canvasReplies).toEqual([["heard", "ws"]]);
    expect(agent.calls).toHaveLength(1);
  });

  test("fault 4: malformed answers are followed by growing pauses", async () => {
    const clock = recordingClock(8);
    const tools = seedTools(Array.from({ length: 20 }, () => "<html>502</html>"));
    await using _ = await bridgeLoop(tools, scriptedRunner([]), { clock });
    await expect.poll(() => clock.pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(tools.waits).toBe(9);
  });

  test("fault 5: the poll position moves only with the messages before it", async () => {
    await using platform = await startFakePlatform();
    platform.state.addCanvas({ workspace: "ws-self", text: "do not lose me" });
    const agent = scriptedRunner([{ text: "kept", sessionId: "s" }]);
    const bridge = overHttp(platform, agent.runner);
    await bridge.start();
    await expect
      .poll(() => platform.log().entries.filter((entry) => entry.endpoint === "ack"), {
        timeout: 8000,
      })
      .not.toHaveLength(0);
    await bridge.stop();
    expect(agent.calls).toEqual([["do not lose me", null]]);
  });

  test("fault 6: a slow turn holds up no other chat, over HTTP", async () => {
    await using platform = await startFakePlatform();
    platform.state.addCanvas({ workspace: "ws-self", text: "slow" });
    platform.state.addPeer({ workspace: "ws-self", peer: "ws-peer", text: "quick" });
    const agent = scriptedRunner([
      { text: "slow answer", sessionId: "s-1", takesMs: 10_000 },
      { text: "quick answer", sessionId: "s-2" },
    ]);
    const bridge = overHttp(platform, agent.runner);
    await bridge.start();
    await expect
      .poll(
        () =>
          platform
            .log()
            .entries.filter((entry) => entry.endpoint === "delegate" && entry.effect === "done"),
        { timeout: 8000 },
      )
      .toHaveLength(1);
    await bridge.stop();
  });

  test("fault 6: a slow turn holds up no other chat, with inbox_peek", async () => {
    const tools = peekable([canvas("act-1", "ws-slow"), canvas("act-2", "ws-quick")]);
    const agent = scriptedRunner([
      { text: "slow answer", sessionId: "s-1", takesMs: 10_000 },
      { text: "quick answer", sessionId: "s-2" },
    ]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.canvasReplies).toEqual([["quick answer", "ws-quick"]]);
    expect(tools.popped).toEqual(["act-2"]);
  });

  test("fault 7: a session that is gone is replaced once, and the user is told", async () => {
    const tools = seedTools([canvas("act-1", "ws"), canvas("act-2", "ws"), canvas("act-3", "ws")]);
    const agent = scriptedRunner([
      { text: "one", sessionId: "s-old" },
      { text: "", sessionId: null, sessionGone: true },
      { text: "two", sessionId: "s-new" },
      { text: "three", sessionId: "s-new" },
    ]);
    await using loop = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-1", "act-2", "act-3"]);
    expect(agent.calls.map(([, session]) => session)).toEqual([null, "s-old", null, "s-new"]);
    expect(tools.canvasReplies[1]?.[0]).toMatch(/fresh.*\n\ntwo$/s);
    expect(await loop.sessionOf("canvas:ws")).toBe("s-new");
  });

  test("fault 8: one peer has a conversation in each local workspace", async () => {
    const tools = seedTools([peer("act-1", "ws-a"), peer("act-2", "ws-b"), peer("act-3", "ws-a")]);
    const agent = scriptedRunner([
      { text: "a", sessionId: "s-a" },
      { text: "b", sessionId: "s-b" },
      { text: "a again", sessionId: "s-a" },
    ]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-1", "act-2", "act-3"]);
    expect(agent.calls.map(([, session]) => session)).toEqual([null, null, "s-a"]);
  });

  test("fault 10: a hop limit ends two agents that answer each other", async () => {
    const tools = seedTools([1, 2, 3, 4, 5].map((number) => peer(`act-${number}`, "ws")));
    const agent = scriptedRunner(
      Array.from({ length: 5 }, () => ({ text: "and you?", sessionId: "s" })),
    );
    await using loop = await bridgeLoop(tools, agent, { limits: { hops: 3 } });
    await expect.poll(() => tools.popped).toHaveLength(5);
    expect(agent.calls).toHaveLength(3);
    expect(tools.peerReplies).toHaveLength(3);
    const { items } = await loop.bridge.as({ type: "operator" }).deadLetters();
    expect(items.map((item) => item.reason)).toEqual(["hop_limit", "hop_limit"]);
  });
});
