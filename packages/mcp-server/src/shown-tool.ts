import type { JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import { failureSchema } from "./failure.ts";
import type { Tool } from "./tool.ts";

/** A tool as clients are shown it. */
export interface ShownTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: Tool["annotations"];
}

const refusal = z.toJSONSchema(z.object({ error: failureSchema })) as JsonObject;

/** Schemas are written once for each tool. */
const written = new WeakMap<Tool, ShownTool>();

/** Every tool answers with its output or with a refusal, so its schema says both. */
function outputSchema({ output }: Tool): JsonObject {
  const { $schema, ...own } = z.toJSONSchema(output) as JsonObject & { $schema: string };
  const { $schema: _, ...refused } = refusal;
  return { $schema, type: "object", anyOf: [own, refused] };
}

export function showTool(tool: Tool): ShownTool {
  const known = written.get(tool);
  if (known !== undefined) return known;
  const { name, title, description, annotations } = tool;
  const inputSchema =
    tool.shownInput ?? (z.toJSONSchema(tool.input, { io: "input" }) as JsonObject);
  const shown = {
    name,
    title,
    description,
    inputSchema,
    outputSchema: outputSchema(tool),
    annotations,
  };
  written.set(tool, shown);
  return shown;
}
