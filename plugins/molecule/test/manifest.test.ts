import { readFileSync } from "node:fs";
import { systemClock, systemRandom, silentLogger } from "@agent-bridge/core";
import { expect, test } from "vitest";
import plugin from "../src/index.ts";

const { agentBridge } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { agentBridge: Record<string, unknown> };

test("the package says of the plugin just what it declares", () => {
  const workspace = { id: "ws-1", platformUrl: "https://platform.example/", token: "t" };
  const options = plugin.options.parse({ workspaces: [workspace] });
  const { runners = [], channels = [] } = plugin.create(options, {
    clock: systemClock(),
    random: systemRandom,
    logger: silentLogger,
    folder: "/nowhere",
    tools: () => [],
  });
  expect(runners).toEqual([]);
  expect(channels).toHaveLength(1);
  expect(agentBridge).toEqual({
    api: plugin.api,
    kinds: plugin.kinds.map(({ name }) => name),
    // Their names stand in the options.
    channels: ["*"],
    exampleRoutes: plugin.exampleRoutes,
  });
});
