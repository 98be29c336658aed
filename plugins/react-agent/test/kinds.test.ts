import { createBridge, silentLogger, systemClock, systemRandom } from "@agent-bridge/core";
import { moleculePlugin } from "@agent-bridge/plugin-molecule";
import { portalChat } from "@agent-bridge/plugin-portal";
import { startFakePlatform } from "@agent-bridge/testing/fake-platform";
import { expect, test } from "vitest";
import { startStubAgent } from "./stub-agent.ts";

const asked = '[[think let me see]][[tool box__say {"text":"fine"}]][[say all is well]]';

test("one agent answers a direct prompt, a chat and messages of a platform alike", async () => {
  await using agent = await startStubAgent();
  await using platform = await startFakePlatform({
    workspaces: [{ id: "ws-self", token: "token-of-self" }],
  });
  const clock = systemClock();
  const workspaces = [{ id: "ws-self", platformUrl: platform.url, token: "token-of-self" }];
  const { channels = [] } = moleculePlugin.create(moleculePlugin.options.parse({ workspaces }), {
    clock,
    random: systemRandom,
    logger: silentLogger,
    folder: agent.folder,
    tools: () => [],
  });
  const kinds = [...moleculePlugin.kinds, portalChat];
  await using bridge = createBridge({
    kinds,
    channels,
    runners: [agent.runner()],
    routes: [{ name: "prompt" }, ...kinds].map(({ name }) => ({
      kind: name,
      from: "*",
      runner: "react",
      options: { tools: ["box.*"], unasked: ["*"] },
    })),
  });
  await bridge.start();
  const me = bridge.as({ type: "operator" });

  for (const kind of ["prompt", portalChat.name]) {
    const { task } = await me.start({ kind, payload: { text: asked } });
    await me.wait({ taskIds: [task.id], timeoutMs: 15_000 });
    expect(await me.task(task.id)).toMatchObject({ output: { output: "all is well" } });
  }
  platform.state.addCanvas({ workspace: "ws-self", text: asked });
  platform.state.addPeer({ workspace: "ws-self", peer: "ws-peer", text: asked });
  const told = (): readonly unknown[] =>
    platform
      .log()
      .entries.filter(({ endpoint }) => endpoint === "notify" || endpoint === "delegate")
      .map(({ endpoint, body }) => {
        const { message, task } = body as { readonly message?: string; readonly task?: string };
        return [endpoint, message ?? task];
      });
  await expect
    .poll(() => new Set(told()), { timeout: 15_000 })
    .toEqual(
      new Set([
        ["notify", "all is well"],
        ["delegate", "all is well"],
      ]),
    );
  await expect.poll(() => platform.state.acked("ws-self"), { timeout: 15_000 }).toBe(2);
  const { events } = await me.events({ types: ["turn.tool_result"] });
  expect(events.map(({ data }) => data)).toEqual(
    Array.from({ length: 4 }, () => expect.objectContaining({ status: "ok", output: "fine" })),
  );
});
