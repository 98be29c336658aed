import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { describe, expect, test } from "vitest";
import { bridgeLoop, recordingClock } from "./seed/bridge-loop.ts";
import { scriptedRunner } from "./seed/scripted-runner.ts";
import { seedTools } from "./seed/seed-tools.ts";

const canvas = {
  kind: "canvas_user",
  activity_id: "act-1",
  arrival_workspace_id: "ws-canvas",
  text: "hi",
};

describe("the seed's contracts", () => {
  test("contract 1: a canvas message is run, answered, acknowledged, and its session kept", async () => {
    const tools = seedTools([{ ...canvas, text: "hi can you help" }]);
    const agent = scriptedRunner([{ text: "sure, what is it", sessionId: "s-1" }]);
    await using loop = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-1"]);
    expect(agent.calls).toEqual([["hi can you help", null]]);
    expect(tools.canvasReplies).toEqual([["sure, what is it", "ws-canvas"]]);
    expect(tools.peerReplies).toEqual([]);
    expect(await loop.sessionOf("canvas:ws-canvas")).toBe("s-1");
  });

  test("contract 2: a peer's message is answered by delegating to the peer", async () => {
    const message = {
      kind: "peer_agent",
      activity_id: "act-2",
      peer_id: "ws-peer",
      arrival_workspace_id: "ws-self",
      text: "how is it going",
    };
    const tools = seedTools([message]);
    const agent = scriptedRunner([{ text: "all good", sessionId: "s-peer" }]);
    await using loop = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-2"]);
    expect(tools.peerReplies).toEqual([["ws-peer", "all good", "ws-self"]]);
    expect(tools.canvasReplies).toEqual([]);
    expect(await loop.sessionOf("peer:ws-peer")).toBe("s-peer");
  });

  test("contract 3: the second message of a chat goes on in the session of the first", async () => {
    const tools = seedTools([
      { ...canvas, activity_id: "act-a", text: "first" },
      { ...canvas, activity_id: "act-b", text: "second" },
    ]);
    const agent = scriptedRunner([
      { text: "r1", sessionId: "s-shared" },
      { text: "r2", sessionId: "s-shared" },
    ]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-a", "act-b"]);
    expect(agent.calls).toEqual([
      ["first", null],
      ["second", "s-shared"],
    ]);
  });

  test("contract 4: sessions survive a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "contract-4-"));
    const open = () =>
      sqliteStore({ path: join(folder, "state.db"), clock: systemClock(), random: systemRandom });
    try {
      {
        await using store = open();
        const tools = seedTools([{ ...canvas, activity_id: "act-1" }]);
        await using _ = await bridgeLoop(
          tools,
          scriptedRunner([{ text: "hi", sessionId: "s-persist" }]),
          { store },
        );
        await expect.poll(() => tools.popped).toEqual(["act-1"]);
      }
      await using store = open();
      const tools = seedTools([{ ...canvas, activity_id: "act-2", text: "follow up" }]);
      const agent = scriptedRunner([{ text: "ok", sessionId: "s-persist" }]);
      await using _ = await bridgeLoop(tools, agent, { store });
      await expect.poll(() => tools.popped).toEqual(["act-2"]);
      expect(agent.calls).toEqual([["follow up", "s-persist"]]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("contract 5: a time-out answer runs, pops and replies nothing", async () => {
    const tools = seedTools([]);
    const agent = scriptedRunner([]);
    await using _ = await bridgeLoop(tools, agent, { clock: recordingClock(5) });
    await expect.poll(() => tools.waits).toBeGreaterThanOrEqual(3);
    expect([agent.calls, tools.popped, tools.canvasReplies, tools.peerReplies]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });

  test("contract 6: a reply that fails leaves its message unacknowledged and the bridge alive", async () => {
    let tries = 0;
    const tools = seedTools([canvas], {
      send_message_to_user: async () => {
        tries++;
        return await Promise.reject(new Error("502"));
      },
    });
    const agent = scriptedRunner([{ text: "reply", sessionId: "s" }]);
    await using loop = await bridgeLoop(tools, agent);
    await expect.poll(() => tries, { timeout: 5000 }).toBeGreaterThanOrEqual(2);
    expect(agent.calls).toEqual([["hi", null]]);
    expect(tools.popped).toEqual([]);
    const status = await loop.bridge.as({ type: "operator" }).status();
    expect(status.store.outbox).toBe(1);
  });

  test("contract 7: a failure is one reply with its text and exit code, acknowledged", async () => {
    const tools = seedTools([canvas]);
    const agent = scriptedRunner([
      { text: "(codex exec timed out after 600s)", sessionId: null, exitCode: -1 },
    ]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-1"]);
    expect(tools.canvasReplies).toHaveLength(1);
    expect(tools.canvasReplies[0]?.[0]).toContain("timed out");
    expect(tools.canvasReplies[0]?.[0]).toContain("exit=-1");
  });

  test("contract 8: text parts are joined with line breaks", async () => {
    const parts = [
      { type: "text", text: "first chunk" },
      { kind: "text", text: "second chunk" },
    ];
    const tools = seedTools([
      { kind: "peer_agent", activity_id: "act-p", peer_id: "ws-peer", parts },
    ]);
    const agent = scriptedRunner([{ text: "ack", sessionId: "s" }]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-p"]);
    expect(agent.calls).toEqual([["first chunk\nsecond chunk", null]]);
  });

  test("contract 9: polling that fails for ever pauses 1, 2, 4, 8, 16, 32, 60, 60 seconds", async () => {
    const tools = seedTools(Array.from({ length: 20 }, () => new Error("outage")));
    const agent = scriptedRunner([]);
    const clock = recordingClock(8);
    await using _ = await bridgeLoop(tools, agent, { clock });
    await expect.poll(() => clock.pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(agent.calls).toEqual([]);
  });

  test("contract 10: a good poll starts the pauses anew", async () => {
    const flake = () => new Error("flake");
    const tools = seedTools([flake(), flake(), canvas, flake()]);
    const agent = scriptedRunner([{ text: "ok", sessionId: "s" }]);
    const clock = recordingClock(3);
    await using _ = await bridgeLoop(tools, agent, { clock });
    await expect.poll(() => clock.pauses).toEqual([1, 2, 1]);
    expect(tools.popped).toEqual(["act-1"]);
  });

  test("contract 11: a pop that fails runs nothing again and sends nothing again", async () => {
    let pops = 0;
    const tools = seedTools([canvas], {
      inbox_pop: async () => {
        pops++;
        return await Promise.reject(new Error("503"));
      },
    });
    const agent = scriptedRunner([{ text: "reply", sessionId: "s" }]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => pops, { timeout: 5000 }).toBeGreaterThanOrEqual(2);
    expect(agent.calls).toEqual([["hi", null]]);
    expect(tools.canvasReplies).toEqual([["reply", "ws-canvas"]]);
  });

  test("contract 12: a peer without an id is run, not replied to, and acknowledged", async () => {
    const tools = seedTools([
      { kind: "peer_agent", activity_id: "act-no-peer", text: "from nobody" },
    ]);
    const agent = scriptedRunner([{ text: "reply", sessionId: "s" }]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-no-peer"]);
    expect(agent.calls).toEqual([["from nobody", null]]);
    expect([tools.peerReplies, tools.canvasReplies]).toEqual([[], []]);
  });

  test("contract 13: an unknown kind costs no run, keeps its payload as a dead letter, and is acknowledged", async () => {
    const tools = seedTools([{ kind: "a_kind_of_the_future", activity_id: "act-?", text: "??" }]);
    const agent = scriptedRunner([]);
    await using loop = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-?"]);
    expect([agent.calls, tools.peerReplies, tools.canvasReplies]).toEqual([[], [], []]);
    const { items } = await loop.bridge.as({ type: "operator" }).deadLetters();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      reason: "kind_unknown",
      channel: "molecule",
      messageId: "act-?",
    });
    expect(JSON.parse(items[0]?.payload ?? "")).toMatchObject({ text: "??" });
  });

  test("contract 14: empty output is answered with the placeholder", async () => {
    const tools = seedTools([canvas]);
    const agent = scriptedRunner([{ text: "", sessionId: "s" }]);
    await using _ = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-1"]);
    expect(tools.canvasReplies).toEqual([["(codex returned empty output)", "ws-canvas"]]);
  });

  test("contract 15: workspace_id serves where arrival_workspace_id is absent", async () => {
    const tools = seedTools([
      { kind: "canvas_user", activity_id: "act-old", workspace_id: "ws-legacy", text: "msg" },
    ]);
    const agent = scriptedRunner([{ text: "ack", sessionId: "s-legacy" }]);
    await using loop = await bridgeLoop(tools, agent);
    await expect.poll(() => tools.popped).toEqual(["act-old"]);
    expect(tools.canvasReplies).toEqual([["ack", "ws-legacy"]]);
    expect(await loop.sessionOf("canvas:ws-legacy")).toBe("s-legacy");
  });

  test("contract 16: an answer that is no delivery runs nothing, pops nothing and throws nothing", async () => {
    const shapes = [
      "not json at all",
      '"a text, not an object"',
      '{"timeout": true}',
      '{"no_activity_id": "field"}',
    ];
    const tools = seedTools(shapes);
    const agent = scriptedRunner([]);
    await using loop = await bridgeLoop(tools, agent, { clock: recordingClock(30) });
    await expect.poll(() => tools.waits).toBeGreaterThan(shapes.length);
    expect([agent.calls, tools.popped]).toEqual([[], []]);
    const { items } = await loop.bridge.as({ type: "operator" }).deadLetters();
    expect(items).toEqual([]);
  });
});
