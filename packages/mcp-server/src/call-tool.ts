import {
  BridgeError,
  describeError,
  type Handle,
  isBridgeError,
  isDenial,
  ownerOf,
  type JsonObject,
  type Logger,
  type Task,
} from "@agent-bridge/core";
import type * as z from "zod";
import { failureOf } from "./failure.ts";
import { fit } from "./fit.ts";
import { fixedNames } from "./tools/table.ts";
import type { Answer, ResourceLink, Tool, ToolCall } from "./tool.ts";

/** What a call came to, ready for the wire. */
export interface ToolResult {
  readonly value: JsonObject;
  /** The JSON of the value. */
  readonly text: string;
  readonly isError: boolean;
  /** Where the whole is, when the value had to be cut. */
  readonly whole?: ResourceLink;
  readonly began?: Task;
}

/** The names in a call's input that tell in the log what it was about. */
const subjects = ["task_id", "conversation_id", "request_id", "dead_letter_id", "threadId"];

function subjectOf(input: unknown): Record<string, unknown> {
  if (typeof input !== "object" || input === null) return {};
  return Object.fromEntries(
    subjects
      .filter((key) => Object.hasOwn(input, key))
      .map((key) => {
        const value = (input as Record<string, unknown>)[key];
        return [key, typeof value === "string" ? value.slice(0, 128) : typeof value];
      }),
  );
}

/** Notes who was kept from what, and every fault of ours. */
export function noteFailure(
  logger: Logger,
  call: Pick<ToolCall, "handle">,
  of: { readonly what: string; readonly input: unknown; readonly thrown: unknown },
): void {
  const { what, input, thrown } = of;
  const facts = { who: ownerOf(call.handle.principal), what, ...subjectOf(input) };
  if (!isBridgeError(thrown)) {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    logger.error("A call over MCP failed unexpectedly", {
      ...facts,
      error: describeError(thrown),
      stack,
    });
  } else if (isDenial(thrown)) logger.warn("Denied", { ...facts, code: thrown.code });
}

/** Notes who asked for a tool that is there, but not for them; to them it answers like one that never was. */
export function noteMissing(logger: Logger, handle: Handle, name: string): void {
  if (!fixedNames.has(name)) return;
  logger.warn("Denied", { who: ownerOf(handle.principal), what: name, code: "NOT_ALLOWED" });
}

function invalid(tool: Tool, error: z.ZodError): BridgeError {
  const detail = error.issues
    .slice(0, 5)
    .map(
      ({ path, message }) =>
        `${path.length > 0 ? `${path.map(String).join(".")}: ` : ""}${message}`,
    )
    .join("; ");
  return new BridgeError("INPUT_INVALID", { what: `The input of ${tool.name}`, detail });
}

/** The result of an answer: what is too large of it is cut, with a link to the whole. */
export function resultOf(answer: Answer, answerBytes: number): ToolResult {
  const { value, text, isCut } = fit(answer.value, answerBytes);
  return {
    value,
    text,
    isError: answer.isError === true,
    ...(isCut && answer.whole !== undefined ? { whole: answer.whole } : {}),
    ...(answer.began === undefined ? {} : { began: answer.began }),
  };
}

/** A refusal as a result. */
export function refusalOf(thrown: unknown, answerBytes: number): ToolResult {
  const { value, text } = fit({ error: failureOf(thrown) as JsonObject }, answerBytes);
  return { value, text, isError: true };
}

/** Calls a tool with what a client gave. Never throws: a refusal, and a fault of ours, is a result. */
export async function callTool(
  tool: Tool,
  call: ToolCall,
  of: { readonly input: unknown; readonly logger: Logger },
): Promise<ToolResult> {
  const { input, logger } = of;
  try {
    const parsed = tool.input.safeParse(input ?? {});
    if (!parsed.success) throw invalid(tool, parsed.error);
    return resultOf(await tool.call(call, parsed.data), call.answerBytes);
  } catch (thrown) {
    noteFailure(logger, call, { what: tool.name, input, thrown });
    return refusalOf(thrown, call.answerBytes);
  }
}
