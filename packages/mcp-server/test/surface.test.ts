import { expect, test } from "vitest";
import { instructions } from "../src/instructions.ts";
import { ann, startMcp } from "./fixtures/bridges.ts";
import { rawClient } from "./fixtures/raw-client.ts";

test("the surface is pinned: tools with their schemas, resources, prompts, instructions", async () => {
  const client = rawClient((await startMcp({ isStarted: false })).mcp, ann);
  const shown: Record<string, unknown> = { instructions };
  for (const method of [
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
  ]) {
    const { _meta, resultType, ttlMs, cacheScope, ...rest } =
      (await client.request(method)).result ?? {};
    expect({ _meta, resultType, ttlMs, cacheScope }).toMatchObject({ resultType: "complete" });
    shown[method] = rest;
  }
  await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot("surface.json");
});

test("names are short and ASCII, and what a tool does is told before it is called", async () => {
  const client = rawClient((await startMcp({ isStarted: false })).mcp, ann);
  const { tools } = (await client.request("tools/list")).result as {
    tools: { name: string; description: string; annotations: { readOnlyHint: boolean } }[];
  };
  for (const { name, description, annotations } of tools) {
    expect(name).toMatch(/^[a-z][a-z_-]{1,23}$/);
    expect(description.length).toBeGreaterThan(10);
    expect(annotations.readOnlyHint).toBeTypeOf("boolean");
  }
  // A sentence each: how one starts and waits, how one resumes, how one answers.
  expect(instructions.split(/(?<=\.)\s+(?=[A-Z])/)).toHaveLength(3);
});
