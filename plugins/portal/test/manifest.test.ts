import { readFileSync } from "node:fs";
import { systemClock, systemRandom, type Logger } from "@agent-bridge/core";
import { portalOptionsSchema, portalPlugin } from "@agent-bridge/plugin-portal";
import { expect, test } from "vitest";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
  readonly agentBridge: object;
};

test("the package says what the plugin declares", () => {
  const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const { surfaces = [] } = portalPlugin.create(portalOptionsSchema.parse({}), {
    clock: systemClock(),
    random: systemRandom,
    logger: silent,
    folder: "/nowhere",
    tools: () => [],
  });
  expect(manifest.version).toBe(portalPlugin.version);
  expect(manifest.agentBridge).toEqual({
    api: portalPlugin.api,
    kinds: portalPlugin.kinds.map(({ name }) => name),
    surfaces: surfaces.map(({ name }) => name),
    exampleRoutes: portalPlugin.exampleRoutes,
  });
});
