import type { Json, JsonObject, RunnerEvent } from "@agent-bridge/core";
import * as z from "zod";
import type { Item } from "./protocol.ts";

/** How an item shows as a tool: the call when it starts, the result when it is completed. */
interface ToolItem {
  readonly call: { readonly name: string; readonly input: JsonObject };
  readonly result: {
    readonly status: "ok" | "error";
    readonly output: Json;
    readonly exitCode?: number;
  };
}

// Everything in an item came out of `JSON.parse`, so it is JSON; how deep it may be is the bridge's to judge.
const json = z.custom<Json>(() => true);
const optionalText = z.string().nullish();

const commandSchema = z.object({
  command: z.string(),
  cwd: z.string(),
  status: z.string(),
  aggregatedOutput: optionalText,
  exitCode: z.number().nullish(),
});

const mcpSchema = z.object({
  server: z.string(),
  tool: z.string(),
  arguments: json.optional(),
  status: z.string(),
  result: json.optional(),
  error: z.object({ message: z.string() }).nullish(),
});

const dynamicSchema = z.object({
  tool: z.string(),
  arguments: json.optional(),
  status: z.string(),
  contentItems: json.optional(),
});

const searchSchema = z.object({ query: z.string() });

const agentSchema = z.object({ tool: z.string(), status: z.string(), prompt: optionalText });

/** The items that are tools, by Codex's name for them. */
const toolItems: Readonly<Record<string, (item: unknown) => ToolItem | undefined>> = {
  commandExecution: tool(commandSchema, (item) => ({
    call: { name: "shell", input: { command: item.command, cwd: item.cwd } },
    result: {
      status: item.status === "completed" ? "ok" : "error",
      output: item.status === "declined" ? "declined" : (item.aggregatedOutput ?? ""),
      ...(item.exitCode === null || item.exitCode === undefined ? {} : { exitCode: item.exitCode }),
    },
  })),
  mcpToolCall: tool(mcpSchema, (item) => ({
    call: { name: `${item.server}.${item.tool}`, input: { arguments: item.arguments ?? null } },
    result: {
      status: item.status === "completed" && !item.error ? "ok" : "error",
      output: item.error?.message ?? item.result ?? null,
    },
  })),
  dynamicToolCall: tool(dynamicSchema, (item) => ({
    call: { name: item.tool, input: { arguments: item.arguments ?? null } },
    result: {
      status: item.status === "completed" ? "ok" : "error",
      output: item.contentItems ?? null,
    },
  })),
  webSearch: tool(searchSchema, (item) => ({
    call: { name: "web_search", input: { query: item.query } },
    result: { status: "ok", output: item.query },
  })),
  collabAgentToolCall: tool(agentSchema, (item) => ({
    call: { name: `agent.${item.tool}`, input: { prompt: item.prompt ?? null } },
    result: { status: item.status === "failed" ? "error" : "ok", output: item.status },
  })),
};

function tool<S extends z.ZodType>(
  schema: S,
  read: (item: z.output<S>) => ToolItem,
): (item: unknown) => ToolItem | undefined {
  return (item) => {
    const parsed = schema.safeParse(item);
    return parsed.success ? read(parsed.data) : undefined;
  };
}

/** The tools of a turn: every call gets exactly one result. */
export class Tools {
  readonly #open = new Set<string>();
  readonly #closed = new Set<string>();

  /** @returns the events of an item that started; none for one that is no tool, or has started before */
  started(item: Item): RunnerEvent[] {
    const read = readTool(item);
    if (read === undefined || this.#open.has(item.id) || this.#closed.has(item.id)) return [];
    this.#open.add(item.id);
    return [{ type: "tool_call", callId: item.id, ...read.call }];
  }

  /** @returns the events of an item that is completed: with its call, where Codex left that out */
  completed(item: Item): RunnerEvent[] {
    const read = readTool(item);
    if (read === undefined || this.#closed.has(item.id)) return [];
    const call = this.started(item);
    this.#open.delete(item.id);
    this.#closed.add(item.id);
    return [...call, { type: "tool_result", callId: item.id, ...read.result }];
  }

  /** Closes what is open, at the end of the turn. */
  cancelled(): RunnerEvent[] {
    const open = [...this.#open];
    this.#open.clear();
    return open.map((callId) => ({
      type: "tool_result",
      callId,
      status: "cancelled",
      output: null,
    }));
  }
}

function readTool(item: Item): ToolItem | undefined {
  return Object.hasOwn(toolItems, item.type) ? toolItems[item.type]?.(item) : undefined;
}
