import type { Clock, Handle, Json, JsonObject, Task } from "@agent-bridge/core";
import type * as z from "zod";

/** One call of a tool: whose it is, and what bounds it. */
export interface ToolCall {
  readonly handle: Handle;
  readonly clock: Clock;
  /** Aborts when the caller gives the call up. That ends the waiting; what was started goes on. */
  readonly signal: AbortSignal;
  /** Tells the caller how it goes; undefined where it did not ask to be told. */
  readonly progress: ((message: string) => void) | undefined;
  /** True where the caller takes the task itself for an answer: then nothing is waited for. */
  readonly asTask: boolean;
  /** How many bytes the JSON of the answer may have. */
  readonly answerBytes: number;
  /** The newest cursor that any call has seen: what a wait falls back on when the store does not answer. */
  readonly newest: { cursor: string | null };
}

/** Where a client reads the whole of what an answer had to cut. */
export interface ResourceLink {
  readonly uri: string;
  readonly name: string;
}

/** What a tool answers. */
export interface Answer {
  /** Of the shape of the tool's output. */
  readonly value: JsonObject;
  /** Given with the answer when it had to be cut. */
  readonly whole?: ResourceLink;
  /** The agent behind the answer has failed. */
  readonly isError?: boolean;
  /** The task that the call has begun: what a caller that speaks of tasks is answered with. */
  readonly began?: Task;
}

/** What a client may expect of a tool before it calls it. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** One tool: a row of the table. */
export interface Tool<I extends z.ZodType = z.ZodType> {
  /** ASCII, at most 24 characters. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Unknown keys are refused. */
  readonly input: I;
  /** The JSON Schema to show, where the tool takes more than `input` tells. */
  readonly shownInput?: JsonObject;
  readonly output: z.ZodObject;
  readonly annotations: ToolHints;
  /** True where a caller that declares the tasks extension is answered with a task. */
  readonly mayBeTask?: boolean;
  /** True where an agent's run, which has less power than what caused it, has the tool too. */
  readonly forRuns: boolean;
  /** @throws BridgeError as the handle does */
  call(call: ToolCall, input: z.output<I>): Promise<Answer>;
}

/** Declares a tool. Only types the data; nothing happens. */
export function defineTool<I extends z.ZodType>(tool: Tool<I>): Tool {
  return tool;
}

/** An object with the fields that are given: an option that is left out is not there at all. */
export function given<T extends Readonly<Record<string, unknown>>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Data that was checked by a schema that says so. */
export function asJson(value: unknown): Json {
  return value as Json;
}
