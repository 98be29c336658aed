import { homedir, userInfo } from "node:os";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { daemonEnvironment, parseConfig } from "../src/index.ts";

const settings = (env: object = {}) => {
  const parsed = parseConfig(JSON.stringify({ routes: [], daemon: { env } }), "/c.jsonc");
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  return parsed.loaded.config.daemon;
};

test("it is made of the machine and the configuration, and of nothing that the caller has", () => {
  const env = daemonEnvironment(settings({ HTTPS_PROXY: "http://proxy:1" }), {
    PATH: "/project/node_modules/.bin",
    SECRET_TOKEN: "very-secret",
    HTTPS_PROXY: "http://elsewhere:2",
    NODE_OPTIONS: "--require /project/evil.js",
    TMPDIR: "/sandbox/tmp",
    AGENT_BRIDGE_RUN: "state:task:1",
  });
  expect(Object.keys(env).toSorted()).toEqual(
    ["HOME", "HTTPS_PROXY", "LANG", "LOGNAME", "PATH", "SHELL", "USER"].filter(
      (name) => name !== "SHELL" || userInfo().shell !== null,
    ),
  );
  expect(env).toMatchObject({ HOME: homedir(), HTTPS_PROXY: "http://proxy:1" });
  expect(env["PATH"]?.split(":")[0]).toBe(dirname(process.execPath));
  expect(env["PATH"]).not.toContain("/project");
});

test("it says where the bridge's files are as the caller knows it, whatever the configuration says", () => {
  const env = daemonEnvironment(
    settings({ PATH: "/opt/agents/bin", AGENT_BRIDGE_HOME: "/other", HOME: "/other" }),
    { AGENT_BRIDGE_HOME: "/bridge", XDG_STATE_HOME: "/state", XDG_CONFIG_HOME: "" },
  );
  expect(env).toMatchObject({
    AGENT_BRIDGE_HOME: "/bridge",
    XDG_STATE_HOME: "/state",
    HOME: homedir(),
    PATH: "/opt/agents/bin",
  });
  expect(env).not.toHaveProperty("XDG_CONFIG_HOME");
});

test("names that are none and values that no environment holds are findings", () => {
  const parsed = parseConfig('{"routes":[],"daemon":{"env":{"A=B":"c"}}}', "/c.jsonc");
  expect(parsed).toMatchObject({ findings: [{ path: expect.stringContaining("daemon.env") }] });
});
