import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolvePaths } from "../src/index.ts";

test("AGENT_BRIDGE_HOME moves config and state", () => {
  const paths = resolvePaths({ env: { AGENT_BRIDGE_HOME: "/some/home" } });
  expect(paths).toMatchObject({
    configFile: "/some/home/config.jsonc",
    configFolder: "/some/home",
    stateFolder: "/some/home/state",
    socket: "/some/home/state/daemon.sock",
    isConfigNamed: false,
  });
});

test("without it the XDG folders are used, and a relative one of them is ignored", () => {
  const env = { XDG_CONFIG_HOME: "/x/config", XDG_STATE_HOME: "relative" };
  const paths = resolvePaths({ env });
  expect(paths.configFile).toBe("/x/config/agent-bridge/config.jsonc");
  expect(paths.stateFolder).toBe(join(homedir(), ".local/state/agent-bridge"));
});

test("a relative AGENT_BRIDGE_HOME is refused: the current folder plays no part", () => {
  expect(() => resolvePaths({ env: { AGENT_BRIDGE_HOME: "here" } })).toThrowError(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});

test("a named config file leaves the state where it is", () => {
  const paths = resolvePaths({ env: { AGENT_BRIDGE_HOME: "/h" }, configFile: "other.jsonc" });
  expect(paths.configFile).toBe(join(process.cwd(), "other.jsonc"));
  expect(paths.stateFolder).toBe("/h/state");
  expect(paths.isConfigNamed).toBe(true);
});

test("two homes of one user share the folder of inbox locks", () => {
  const [one, two] = ["/a", "/b"].map((home) => resolvePaths({ env: { AGENT_BRIDGE_HOME: home } }));
  expect(one?.inboxLockFolder).toBe(two?.inboxLockFolder);
});

test("a state folder whose path is too long for a socket gets a short one, always the same", () => {
  const env = { AGENT_BRIDGE_HOME: `/${"long/".repeat(40)}home` };
  const { socket } = resolvePaths({ env });
  expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(103);
  expect(resolvePaths({ env }).socket).toBe(socket);
  const other = resolvePaths({ env: { AGENT_BRIDGE_HOME: `${env.AGENT_BRIDGE_HOME}2` } });
  expect(other.socket).not.toBe(socket);
});
