import type * as z from "zod";
import type { Provenance } from "./runner.ts";

/** Something that an agent can do, offered by a plugin to every runner that gives its agents tools. */
export interface AgentTool<I = unknown> {
  /** Letters, digits and `_`, at most 32. Routes name it together with its plugin: `<plugin>.<name>`. */
  readonly name: string;
  /** What it does, for the model. */
  readonly description: string;
  /** What it takes: an object. The model's input is parsed by it before the call. */
  readonly input: z.ZodType<I>;
  /**
   * Does it. A runner has announced effects before (`TurnIo.begins`), and asks a person first where its route says so.
   *
   * @param call.signal aborts with the turn; what was begun must then end
   * @returns what the agent is told
   * @throws any error: its text is the tool's failure, which the agent is told as well
   */
  call(
    input: I,
    call: {
      readonly taskId: string;
      readonly provenance: Provenance;
      readonly signal: AbortSignal;
    },
  ): Promise<string>;
}

/** A tool with the plugin that offers it. */
export interface OfferedTool {
  readonly plugin: string;
  readonly tool: AgentTool;
}

/** Declares a tool. Only types the data; nothing happens. */
export function defineTool<I>(tool: AgentTool<I>): AgentTool<I> {
  return tool;
}
