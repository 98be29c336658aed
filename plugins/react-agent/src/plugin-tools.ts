import { describeError, type JsonObject, type OfferedTool, type Turn } from "@agent-bridge/core";
import * as z from "zod";
import type { AgentTool } from "./agent-tools.ts";
import { boundedText } from "./tool-text.ts";

/** A plugin's tool as an agent is given it: what the model sends is parsed before the call. */
export function pluginTool(
  { plugin, tool }: OfferedTool,
  { taskId, provenance }: Pick<Turn, "taskId" | "provenance">,
): Omit<AgentTool, "isUnasked"> {
  return {
    name: `${plugin}.${tool.name}`,
    description: tool.description,
    inputSchema: z.toJSONSchema(tool.input, {
      io: "input",
      unrepresentable: "any",
    }) as unknown as JsonObject,
    call: async (input, signal) => {
      const parsed = tool.input.safeParse(input);
      if (!parsed.success) return { text: z.prettifyError(parsed.error), isError: true };
      try {
        const text = await tool.call(parsed.data, { taskId, provenance, signal });
        return { text: boundedText(text), isError: false };
      } catch (error) {
        signal.throwIfAborted();
        return { text: describeError(error), isError: true };
      }
    },
  };
}
