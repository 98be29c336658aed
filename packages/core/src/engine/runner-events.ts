import * as z from "zod";
import type { QuestionText } from "../contract/question.ts";
import type { RunnerEnd, RunnerEvent } from "../contract/runner.ts";

/** Plain data whose depth is looked at where it is stored; zod would recurse. */
const plain = z.custom((value) => value !== undefined);
const record = z.custom((value) => typeof value === "object" && value !== null);
const count = z.number().finite().nonnegative();
const text = { text: z.string(), delta: z.boolean() };

const question = z.object({
  type: z.enum(["approval", "input"]),
  title: z.string(),
  details: record,
  bindsTo: z.string().optional(),
});

/** What a runner may say, without its ends: everything else it says is not taken. */
const event = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session"), session: z.object({ id: z.string(), state: record }) }),
  z.object({ type: z.literal("thinking"), ...text }),
  z.object({ type: z.literal("text"), ...text }),
  z.object({
    type: z.literal("tool_call"),
    callId: z.string(),
    name: z.string(),
    input: plain,
  }),
  z.object({
    type: z.literal("tool_result"),
    callId: z.string(),
    status: z.enum(["ok", "error", "cancelled"]),
    output: plain,
    exitCode: z.number().optional(),
  }),
  z.object({
    type: z.literal("file_change"),
    path: z.string(),
    change: z.enum(["add", "update", "delete"]),
    diff: z.string().optional(),
  }),
  z.object({
    type: z.literal("plan"),
    steps: z.array(z.object({ text: z.string(), status: z.enum(["pending", "active", "done"]) })),
  }),
  z.object({
    type: z.literal("usage"),
    inputTokens: count,
    cachedInputTokens: count,
    outputTokens: count,
    reasoningTokens: count,
  }),
  z.object({
    type: z.literal("notice"),
    level: z.enum(["info", "warning"]),
    text: z.string(),
  }),
  z.object({ type: z.literal("progress"), value: z.number().finite() }),
]);

const endType = { type: z.literal("end") };

const end = z.discriminatedUnion("outcome", [
  z.object({
    ...endType,
    outcome: z.literal("completed"),
    output: z.string(),
    // Each is looked at for itself where they are taken: one bad address does not cost the answer.
    attachments: z.unknown().optional(),
  }),
  z.object({
    ...endType,
    outcome: z.literal("failed"),
    message: z.string(),
    exitCode: z.number().optional(),
    retryable: z.boolean().optional(),
  }),
  z.object({ ...endType, outcome: z.literal("session_gone"), message: z.string() }),
  z.object({ ...endType, outcome: z.literal("aborted") }),
  z.object({ ...endType, outcome: z.literal("suspended"), question, state: plain }),
]);

const detailOf = (error: z.ZodError): string => {
  const issue = error.issues[0];
  return `${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`.trim();
};

/**
 * Parses what a runner yielded: data from outside, whatever its types say.
 *
 * @throws TypeError when it is no event of the contract
 */
export function parseRunnerEvent(value: unknown): RunnerEvent {
  const isEnd =
    typeof value === "object" && value !== null && "type" in value && value.type === "end";
  const parsed = (isEnd ? end : event).safeParse(value);
  if (!parsed.success)
    throw new TypeError(`what it said is no event of a runner: ${detailOf(parsed.error)}`);
  return parsed.data as RunnerEvent | RunnerEnd;
}

/** Parses a question that a runner asks. @throws TypeError when it is none */
export function parseQuestion(value: unknown): QuestionText {
  const parsed = question.safeParse(value);
  if (!parsed.success) throw new TypeError(`This is no question: ${detailOf(parsed.error)}`);
  return parsed.data as QuestionText;
}
