import { expect, test } from "vitest";
import { reactOptionsSchema } from "@agent-bridge/plugin-react-agent";
import { authorityOf } from "../src/authority.ts";
import { startStubAgent, toolServer, turnOptions } from "./stub-agent.ts";
import { recordTurn } from "@agent-bridge/testing/runner-conformance";

const plugin = reactOptionsSchema.parse({
  baseUrl: "http://127.0.0.1:9/v1",
  model: "m",
  servers: { box: toolServer, web: { url: "http://127.0.0.1:9/mcp" } },
});

test("an agent without tools may do nothing, and one of remote tools nothing here", () => {
  const nothing = { reads: [], writes: [], network: false };
  expect(authorityOf(turnOptions(), plugin)).toEqual({ ...nothing, notes: [] });
  expect(authorityOf(turnOptions({ tools: ["web.*"] }), plugin)).toEqual({
    ...nothing,
    notes: [expect.stringContaining("web")],
  });
});

test("an agent whose tools are a program's may do what that program may", () => {
  expect(authorityOf(turnOptions({ tools: ["box.say"] }), plugin)).toEqual({
    reads: "*",
    writes: "*",
    network: true,
    notes: [expect.stringContaining("(box)")],
  });
});

test("an agent that is given the bridge says so, where its route names tools of it", () => {
  const { notes } = authorityOf(turnOptions({ bridge: true, tools: ["bridge.*"] }), plugin);
  expect(notes.join(" ")).toContain("the bridge's own tools as this run");
  expect(authorityOf(turnOptions({ bridge: true }), plugin).notes).toEqual([]);
});

test("the name of the bridge is no plugin's server", () => {
  const { success } = reactOptionsSchema.safeParse({ ...plugin, servers: { bridge: toolServer } });
  expect(success).toBe(false);
});

test("a route that gives the bridge where none can be had is a visible failure", async () => {
  await using agent = await startStubAgent();
  const turn = await recordTurn({
    runner: agent.runner(),
    options: turnOptions({ bridge: true, tools: ["bridge.*"] }),
    prompt: "hello",
  });
  expect(turn.end).toMatchObject({
    outcome: "failed",
    message: expect.stringContaining("`bridge`"),
  });
  expect(agent.model.log()).toEqual([]);
});
