import { describe, expect, test } from "vitest";
import { routeSchema } from "@agent-bridge/core";
import codexPlugin, { codexOptionsSchema, codexTurnOptionsSchema } from "../src/index.ts";
import { checkOptions, limitsOf } from "../src/turn-options.ts";

describe("the options of a route", () => {
  test("are the safest without any", () => {
    expect(codexTurnOptionsSchema.parse({})).toEqual({
      sandbox: "read-only",
      approvals: "never",
      attachments: [],
      bridge: false,
      config: {},
    });
  });

  test.each([
    [{ sandbox: "none" }],
    [{ cwd: "relative/folder" }],
    [{ approvals: "always" }],
    [{ totalMs: 0 }],
    [{ startMs: 1.5 }],
    [{ sandbocks: "read-only" }],
    [{ config: { "": 1 } }],
  ])("refuse %j", (options) => {
    expect(codexTurnOptionsSchema.safeParse(options).success).toBe(false);
  });

  test.each([
    "sandbox_mode",
    "approval_policy",
    "approvals_reviewer",
    "mcp_servers",
    "mcp_servers.bridge.command",
    "shell_environment_policy",
    "shell_environment_policy.inherit",
    "shell_environment_policy.include_only",
    "shell_environment_policy.set",
    "shell_environment_policy.set.AGENT_BRIDGE_RUN",
  ])("refuse the setting %s, and say what to do instead", (key) => {
    const result = codexTurnOptionsSchema.safeParse({ config: { [key]: "x" } });
    expect(result.error?.issues[0]?.message).toMatch(/can not be set here: \w/);
  });

  test.each([
    "model_reasoning_effort",
    "mcp_servers.other",
    "shell_environment_policy.set.OTHER",
    "sandbox_mode_of_mine",
  ])("take the setting %s", (key) => {
    expect(codexTurnOptionsSchema.safeParse({ config: { [key]: "x" } }).success).toBe(true);
  });

  test("give only the limits that they name", () => {
    expect(limitsOf(codexTurnOptionsSchema.parse({ idleMs: 5 }))).toEqual({ idleMs: 5 });
  });
});

describe("the folder of a route", () => {
  const looked = (cwd: string): unknown => checkOptions(codexTurnOptionsSchema.parse({ cwd }));

  test("has to be there, and to be a folder", () => {
    expect(checkOptions(codexTurnOptionsSchema.parse({}))).toEqual([]);
    expect(looked(import.meta.dirname)).toEqual([]);
    expect(looked("/nowhere/at/all")).toEqual([
      { option: "cwd", detail: expect.stringMatching(/^\/nowhere\/at\/all does not exist\. Make/) },
    ]);
    expect(looked(import.meta.filename)).toEqual([
      { option: "cwd", detail: expect.stringMatching(/options\.test\.ts is no folder\./) },
    ]);
    expect(looked(`${import.meta.filename}/inside`)).toEqual([
      { option: "cwd", detail: expect.stringMatching(/can not be looked at \(ENOTDIR\)/) },
    ]);
  });
});

describe("the options of the plugin", () => {
  test.each([
    [{ command: "codex" }],
    [{ home: "~/.codex" }],
    [{ env: { "NOT A NAME": "x" } }],
    [{ envAllow: ["*"] }],
    [{ unknown: true }],
  ])("refuse %j", (options) => {
    expect(codexOptionsSchema.safeParse(options).success).toBe(false);
  });
});

test("every example route is one that the table takes, with options that the runner takes", () => {
  for (const example of codexPlugin.exampleRoutes ?? []) {
    const route = routeSchema.parse(example);
    expect(codexTurnOptionsSchema.safeParse(route.options).success).toBe(true);
  }
});
