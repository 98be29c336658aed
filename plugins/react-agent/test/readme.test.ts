import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import * as z from "zod";
import { routeSchema } from "@agent-bridge/core";
import { reactOptionsSchema, reactTurnOptionsSchema } from "../src/index.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

/** The names in the first column of the table under a heading. */
function namesUnder(heading: string): string[] {
  const section = readme.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ""),
  );
}

test("the README lists every option of the plugin, and no other", () => {
  const names = Object.keys(reactOptionsSchema.shape);
  expect(namesUnder("Options of the plugin").toSorted()).toEqual(names.toSorted());
});

test("the README lists every option of a route, and no other", () => {
  const names = Object.keys(reactTurnOptionsSchema.shape);
  expect(namesUnder("Options of a route").toSorted()).toEqual(names.toSorted());
});

test("the README's configuration is one that the bridge takes", () => {
  const [, fence = ""] = /```json\n([\s\S]*?)```/.exec(readme) ?? [];
  const configSchema = z.strictObject({
    plugins: z.strictObject({ "@agent-bridge/plugin-react-agent": reactOptionsSchema }),
    routes: z.array(routeSchema).min(1),
  });
  const { routes } = configSchema.parse(JSON.parse(fence));
  for (const { options } of routes)
    expect(reactTurnOptionsSchema.safeParse(options).success).toBe(true);
});
