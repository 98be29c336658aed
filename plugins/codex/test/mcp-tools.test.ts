import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { brokenInvariants, recordTurn } from "@agent-bridge/testing/runner-conformance";
import { realCodex, turnOptions } from "./real-codex.ts";

const server = fileURLToPath(new URL("mcp-server.mjs", import.meta.url));
const codex = await realCodex({
  settings: { mcp_servers: { parrot: { command: process.execPath, args: [server] } } },
});
afterAll(() => codex[Symbol.asyncDispose]());

test.each([
  ["hello", "ok"],
  ["fail", "error"],
])("a tool of an MCP server is told with its input and its result: %s", async (text, status) => {
  const turn = await recordTurn({
    runner: codex.runner(),
    options: turnOptions(),
    prompt: `[[tool mcp__parrot__repeat {"text":"${text}"}]]`,
  });
  expect(brokenInvariants(turn)).toEqual([]);
  expect(turn.events).toContainEqual(
    expect.objectContaining({
      type: "tool_call",
      name: "parrot.repeat",
      input: { arguments: { text } },
    }),
  );
  const result = turn.events.find((event) => event.type === "tool_result");
  expect(result).toMatchObject({ status });
  expect(JSON.stringify(result?.output)).toContain(text);
});
