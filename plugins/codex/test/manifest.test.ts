import { readFileSync } from "node:fs";
import { systemClock, systemRandom, silentLogger } from "@agent-bridge/core";
import { expect, test } from "vitest";
import plugin from "../src/index.ts";

const { agentBridge } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { agentBridge: Record<string, unknown> };

test("the package says of the plugin just what it declares", () => {
  const options = plugin.options.parse({});
  const { runners = [], channels = [] } = plugin.create(options, {
    clock: systemClock(),
    random: systemRandom,
    logger: silentLogger,
    folder: "/nowhere",
    tools: () => [],
  });
  expect(plugin.kinds).toEqual([]);
  expect(channels).toEqual([]);
  expect(agentBridge).toEqual({
    api: plugin.api,
    runners: runners.map(({ name }) => name),
    exampleRoutes: plugin.exampleRoutes,
  });
});
