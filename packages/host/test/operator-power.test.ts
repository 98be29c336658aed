import { expect, test } from "vitest";
import type { RunnerAuthority } from "@agent-bridge/core";
import { operatorPower, resolvePaths } from "../src/index.ts";

const paths = resolvePaths({ env: { AGENT_BRIDGE_HOME: "/home/me/bridge" } });
const authority = (given: Partial<RunnerAuthority>): RunnerAuthority => ({
  reads: [],
  writes: [],
  network: false,
  notes: [],
  ...given,
});

test.each([
  ["none", authority({ reads: ["/home/me/project"], writes: ["/tmp"] })],
  ["none", authority({ network: true })],
  ["none", authority({ writes: ["/home/me/bridge/state/plugins/x/empty"] })],
  ["none", authority({ reads: ["/home/me/bridge-2"] })],
  ["reads", authority({ reads: "*" })],
  ["reads", authority({ reads: ["/home/me"] })],
  ["full", authority({ reads: "*", network: true })],
  ["full", authority({ writes: ["/home/me/bridge"] })],
  ["full", authority({ writes: ["/"] })],
  ["full", authority({ writes: ["/home/me/bridge/config.jsonc"] })],
  ["full", authority({ writes: "*" })],
  ["unknown", null],
] as const)("is %s for %j", (power, given) => {
  expect(operatorPower(given, paths)).toBe(power);
});
