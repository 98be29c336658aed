import { readFileSync } from "node:fs";
import { routeSchema, silentLogger, systemClock, systemRandom } from "@agent-bridge/core";
import { describe, expect, test } from "vitest";
import moleculePlugin, { moleculePlugin as named } from "../src/index.ts";

const context = {
  clock: systemClock(),
  random: systemRandom,
  logger: silentLogger,
  folder: "/nowhere",
  tools: () => [],
};
const workspace = { id: "ws-1", platformUrl: "https://platform.example/", token: "t" };

const problemsOf = (options: unknown): string[] =>
  moleculePlugin.options.safeParse(options).error?.issues.map(({ message }) => message) ?? [];

describe("the plugin", () => {
  test("declares the three kinds and is the default export", () => {
    expect(named).toBe(moleculePlugin);
    expect(moleculePlugin.kinds.map(({ name }) => name)).toEqual([
      "canvas_user",
      "peer_agent",
      "delegation_result",
    ]);
  });

  test("says the version of its package", () => {
    const json = readFileSync(new URL("../package.json", import.meta.url), "utf8");
    expect(moleculePlugin.version).toBe((JSON.parse(json) as { version: string }).version);
  });

  test("gives one channel for each workspace, by its own name or after its id", () => {
    const options = moleculePlugin.options.parse({
      workspaces: [workspace, { ...workspace, id: "ws-2", name: "second" }],
    });
    const { channels = [] } = moleculePlugin.create(options, context);
    expect(channels.map(({ name, inbox, inboxId }) => [name, inbox, inboxId])).toEqual([
      ["molecule:ws-1", "log", "molecule https://platform.example ws-1"],
      ["second", "log", "molecule https://platform.example ws-2"],
    ]);
  });

  test("identifies an inbox by platform and workspace, however its address is written", () => {
    const addresses = ["https://platform.example", "HTTPS://PLATFORM.example:443//"];
    const ids = addresses.map((platformUrl) => {
      const options = moleculePlugin.options.parse({ workspaces: [{ ...workspace, platformUrl }] });
      return moleculePlugin.create(options, context).channels?.[0]?.inboxId;
    });
    expect(new Set(ids).size).toBe(1);
  });

  test("refuses unknown keys, a missing or a second token, and addresses of other kinds", () => {
    const { token, ...bare } = workspace;
    expect(problemsOf({ workspaces: [workspace] })).toEqual([]);
    expect(problemsOf({ workspaces: [{ ...workspace, tokn: token }] })).toHaveLength(1);
    const one = ["give either token or tokenFile"];
    expect(problemsOf({ workspaces: [bare] })).toEqual(one);
    expect(problemsOf({ workspaces: [{ ...workspace, tokenFile: "/run/token" }] })).toEqual(one);
    expect(problemsOf({ workspaces: [{ ...workspace, platformUrl: "file:///x" }] })).toHaveLength(
      1,
    );
    expect(problemsOf({ workspaces: [] })).toHaveLength(1);
  });

  test("S35 refuses one inbox twice, however its address is written", () => {
    const again = { ...workspace, name: "again", platformUrl: "HTTPS://platform.example:443" };
    expect(problemsOf({ workspaces: [workspace, again] })).toEqual([
      "the workspace ws-1 stands here twice; one poller serves an inbox",
    ]);
    const elsewhere = { ...again, platformUrl: "https://other.example" };
    expect(problemsOf({ workspaces: [workspace, elsewhere] })).toEqual([]);
  });

  test("its example routes are routes, and open it to nobody by accident", () => {
    const routes = moleculePlugin.exampleRoutes?.map((route) => routeSchema.parse(route)) ?? [];
    expect(routes.length).toBeGreaterThan(0);
    expect(routes.map(({ from }) => from)).not.toContain("*");
  });
});

describe("the README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

  test("names every option of a workspace", () => {
    const [table = ""] = readme.split("## Kinds");
    const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(rows).toEqual(["id", "name", "platformUrl", "token", "tokenFile"]);
    expect(problemsOf({ workspaces: [{ ...workspace, name: "n" }] })).toEqual([]);
  });

  test("shows options that the plugin takes", () => {
    const fence = /```jsonc\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const json = fence.replaceAll(/^\s*\/\/.*$/gm, "").replaceAll(/,(?=\s*[}\]])/g, "");
    const config = JSON.parse(json) as {
      plugins: Record<string, { workspaces: { token?: unknown }[] }>;
      routes: unknown[];
    };
    const { workspaces } = config.plugins["@agent-bridge/plugin-molecule"] ?? { workspaces: [] };
    // The host puts the text in the place of a reference before the plugin sees its options.
    const resolved = workspaces.map((one) =>
      one.token === undefined ? one : { ...one, token: "resolved" },
    );
    expect(problemsOf({ workspaces: resolved })).toEqual([]);
    for (const route of config.routes) expect(routeSchema.safeParse(route).error).toBeUndefined();
  });
});
