import type {
  DescribedRunner,
  JsonObject,
  StartRequest,
  ToolPair,
  ToolText,
} from "@agent-bridge/core";
import * as z from "zod";
import { failureSchema } from "../failure.ts";
import { defaultWaitSeconds, id, idempotencyKey, text, waitSeconds } from "../input.ts";
import { agentFailure, awaitTask, hasEnded, type Waited } from "../outcome.ts";
import { statusOf, taskLink, taskStatuses } from "../task-view.ts";
import { type Answer, defineTool, given, type Tool, type ToolCall } from "../tool.ts";

/**
 * What both tools of a pair answer. A thread is a conversation of the bridge: its id is known before the agent
 * has begun, and outlives the agent's own session.
 */
const output = z.object({
  threadId: z.string().nullable().describe("Goes on with this thread: give it to the reply tool."),
  content: z.string().describe("The agent's answer; empty while it is at work."),
  task_id: z.string(),
  conversation_id: z.string().nullable(),
  status: z.enum(taskStatuses),
  timed_out: z.boolean().describe("True: it is still at work. task_wait with task_id waits on."),
  error: failureSchema.optional(),
});

/** What the two tools of every pair have in common. */
const shared = {
  output,
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  mayBeTask: true,
  forRuns: true,
} as const;

const waiting = {
  idempotency_key: idempotencyKey.optional(),
  wait_seconds: waitSeconds
    .default(defaultWaitSeconds)
    .describe("How long to wait for the answer, at most 280."),
};

/** The answer of a pair's tool, also as the result of its task. */
export function pairOutcome({ task, timedOut }: Waited): Answer {
  const error = agentFailure(task);
  return {
    value: {
      threadId: task.conversationId,
      content: hasEnded(task) ? (task.output?.output ?? task.error?.message ?? "") : "",
      task_id: task.id,
      conversation_id: task.conversationId,
      status: statusOf(task),
      timed_out: timedOut,
      ...(error === undefined ? {} : { error: error as JsonObject }),
    },
    whole: taskLink(task.id),
    isError: error !== undefined,
  };
}

/** The metadata by which a task is known to have been begun by such a tool. */
export const pairMetadata = "mcp_tool";

async function begin(
  call: ToolCall,
  of: {
    readonly tool: string;
    readonly request: StartRequest;
    readonly seconds: number;
  },
): Promise<Answer> {
  const metadata = { [pairMetadata]: of.tool };
  const { task } = await call.handle.start({ ...of.request, metadata });
  return { ...pairOutcome(await awaitTask(call, task, of.seconds)), began: task };
}

const startShape = { prompt: text, ...waiting };

/** The input of the tool that begins, as it is shown: the prompt, and what the runner takes from a caller. */
function shownInput(callerOptions: JsonObject | null): JsonObject {
  const own = z.toJSONSchema(z.strictObject(startShape), { io: "input" }) as JsonObject;
  const options = (callerOptions?.["properties"] ?? {}) as JsonObject;
  const { prompt, ...rest } = own["properties"] as JsonObject;
  return { ...own, properties: { prompt: prompt ?? {}, ...options, ...rest } };
}

function startTool(tool: ToolText, { name: runner, callerOptions }: DescribedRunner): Tool {
  return defineTool({
    ...shared,
    ...tool,
    // What else is given are options of the runner: the bridge refuses those that it does not take.
    input: z.object(startShape).catchall(z.unknown()),
    shownInput: shownInput(callerOptions),
    call: async (call, input) => {
      const { prompt, idempotency_key: key, wait_seconds: seconds, ...options } = input;
      const hasOptions = Object.keys(options).length > 0;
      const request = {
        payload: { text: prompt },
        runner,
        ...given({
          idempotencyKey: key,
          options: hasOptions ? (options as JsonObject) : undefined,
        }),
      };
      return await begin(call, { tool: tool.name, request, seconds });
    },
  });
}

function replyTool(tool: ToolText, { name: runner }: DescribedRunner): Tool {
  return defineTool({
    ...shared,
    ...tool,
    input: z.strictObject({ threadId: id, ...startShape }),
    call: async (call, { threadId, prompt, idempotency_key: key, wait_seconds: seconds }) => {
      const request = {
        payload: { text: prompt },
        runner,
        conversationId: threadId,
        ...given({ idempotencyKey: key }),
      };
      return await begin(call, { tool: tool.name, request, seconds });
    },
  });
}

/** Made once for each pair: runners do not change while a bridge lives. */
const made = new WeakMap<ToolPair, readonly Tool[]>();

/** The tools by which a runner is known, for whoever may send it a prompt. */
export function runnerPair(runner: DescribedRunner): readonly Tool[] {
  const { toolPair } = runner;
  if (toolPair === null) return [];
  const known = made.get(toolPair);
  if (known !== undefined) return known;
  const tools = [startTool(toolPair.start, runner), replyTool(toolPair.reply, runner)];
  made.set(toolPair, tools);
  return tools;
}
