import { mkdir } from "node:fs/promises";
import {
  describeError,
  isBridgeError,
  newId,
  type OfferedTool,
  type Random,
  type RunnerEnd,
  type RunnerEvent,
  type Turn,
  type TurnIo,
} from "@agent-bridge/core";
import { isStepCount, jsonSchema, tool, ToolLoopAgent, type ModelMessage, type ToolSet } from "ai";
import { openTools, type AgentTools } from "./agent-tools.ts";
import { askFor, settle } from "./approvals.ts";
import { failed, failedModel } from "./failures.ts";
import { messagesOf, openCalls, recent, sessionOf } from "./history.ts";
import { modelOf } from "./model.ts";
import { bridgeServerName, type ReactOptions } from "./plugin-options.ts";
import { provenanceText } from "./provenance.ts";
import { StreamEvents } from "./stream-events.ts";
import type { ReactTurnOptions } from "./turn-options.ts";

/** What every turn of a runner shares. */
export interface TurnSetup {
  readonly options: ReactOptions;
  readonly random: Random;
  /** The tools of plugins. */
  readonly offered: () => readonly OfferedTool[];
  /** An empty folder: where servers work that name none. Made when it is missing. */
  readonly emptyFolder: string;
}

type ReactTurn = Turn<ReactTurnOptions>;

/** How often a call of the model is tried again that failed before it said anything. */
const maxRetries = 2;

/** Carries one turn through the model and its tools, and ends with one end event. Nothing of it is left by then. */
export async function* runTurn(
  turn: ReactTurn,
  io: TurnIo,
  setup: TurnSetup,
): AsyncGenerator<RunnerEvent, void> {
  let end: RunnerEnd;
  try {
    end = yield* conduct(turn, io, setup);
  } catch (error) {
    const isOver = io.signal.aborted || isBridgeError(error, "CLAIM_LOST");
    end = isOver ? aborted : failed(describeError(error));
  }
  yield end;
}

const aborted: RunnerEnd = { type: "end", outcome: "aborted" };

async function* conduct(
  turn: ReactTurn,
  io: TurnIo,
  setup: TurnSetup,
): AsyncGenerator<RunnerEvent, RunnerEnd> {
  io.signal.throwIfAborted();
  const id = turn.session?.id ?? newId("react", setup.random);
  const stored = messagesOf(turn.session?.state);
  yield { type: "session", session: sessionOf(id, stored) };
  await mkdir(setup.emptyFolder, { recursive: true, mode: 0o700 });
  if (turn.options.bridge && io.access === undefined) return failed(noBridge);
  const servers = serversOf(turn.options, { servers: setup.options.servers, io });
  const offered = setup.offered();
  await using tools = await openTools(turn, { ...setup, servers, offered }, io);
  for (const text of tools.problems) yield { type: "notice", level: "warning", text };
  const given = yield* begin(turn, { stored, tools }, io);
  // What was carried out is remembered before the model is asked again.
  if (turn.answered !== null) yield { type: "session", session: sessionOf(id, given) };
  const [open] = openCalls(given);
  if (open !== undefined) return askFor(given, open, tools);
  const { messages, dropped } = recent(given, turn.options.historyBytes);
  if (dropped) yield { type: "notice", level: "info", text: droppedText };
  return yield* loop(turn, { id, messages, tools }, { io, setup });
}

const noBridge =
  "The route gives this run the bridge's own tools (`bridge`), and the bridge runs where there is no command `agent-bridge mcp` for them.";

/** The plugin's servers, and the bridge as this run where the route says so. */
function serversOf(
  { bridge }: ReactTurnOptions,
  { servers, io }: { readonly servers: ReactOptions["servers"]; readonly io: TurnIo },
): ReactOptions["servers"] {
  const own = bridge ? io.access?.() : undefined;
  if (own === undefined) return servers;
  const { command, args, environment: env } = own;
  return { ...servers, [bridgeServerName]: { command, args: [...args], env: { ...env } } };
}

const droppedText =
  "The beginning of this conversation has become too long and is no longer given to the model.";

/** The conversation that the model goes on with: with the new message, or with the result of what a person was asked. */
async function* begin(
  turn: ReactTurn,
  of: { readonly stored: readonly ModelMessage[]; readonly tools: AgentTools },
  io: TurnIo,
): AsyncGenerator<RunnerEvent, readonly ModelMessage[]> {
  if (turn.answered !== null) return yield* settle(turn.answered, of.tools, io);
  return [...of.stored, { role: "user", content: turn.prompt }];
}

/** Lets the model think and act until it answers, has to ask, or fails. */
async function* loop(
  turn: ReactTurn,
  of: {
    readonly id: string;
    readonly messages: readonly ModelMessage[];
    readonly tools: AgentTools;
  },
  { io, setup }: { readonly io: TurnIo; readonly setup: TurnSetup },
): AsyncGenerator<RunnerEvent, RunnerEnd> {
  const { id, messages, tools } = of;
  const toolOf = (name: string) => tools.byModelName.get(name);
  const events = new StreamEvents({
    isAsked: (name) => toolOf(name)?.isUnasked === false,
    nameOf: (name) => toolOf(name)?.name ?? name,
  });
  const now = (): ModelMessage[] => [...messages, ...events.messages];
  try {
    const agent = agentOf(turn, tools, { io, setup });
    const { stream } = await agent.stream({ messages: [...messages], abortSignal: io.signal });
    for await (const part of stream) {
      yield* events.eventsOf(part);
      if (part.type === "finish-step") yield { type: "session", session: sessionOf(id, now()) };
    }
  } catch (error) {
    // A stream that is cut off, or aborted, rejects.
    events.failure ??= { error };
  }
  yield* events.close();
  const end = endOf(events, { turn, tools, messages: now(), isAborted: io.signal.aborted });
  // The same turn may be tried again: then its message must not stand there twice.
  const isUntouched = end.outcome === "failed" && end.retryable === true;
  if (!isUntouched) yield { type: "session", session: sessionOf(id, now()) };
  return end;
}

function endOf(
  events: StreamEvents,
  of: {
    readonly turn: ReactTurn;
    readonly tools: AgentTools;
    readonly messages: readonly ModelMessage[];
    readonly isAborted: boolean;
  },
): RunnerEnd {
  if (of.isAborted) return aborted;
  if (events.failure !== undefined) return failedModel(events.failure.error, events.hasActed);
  const [open] = openCalls(of.messages);
  if (open !== undefined) return askFor(of.messages, open, of.tools);
  const { steps } = of.turn.options;
  switch (events.finishReason) {
    case "tool-calls":
      return failed(
        `The agent used its ${steps} steps without coming to an answer. \`steps\` in the route's options allows more.`,
      );
    case "content-filter":
      return failed("The model's endpoint filtered the answer out.");
    case "length":
      return failed("The answer was cut off at the model's limit of tokens.");
    default:
      return { type: "end", outcome: "completed", output: events.answer };
  }
}

function agentOf(
  turn: ReactTurn,
  tools: AgentTools,
  { io, setup }: { readonly io: TurnIo; readonly setup: TurnSetup },
): ToolLoopAgent<never, ToolSet> {
  const { options } = turn;
  const instructions = options.instructions ?? setup.options.instructions;
  const texts = [instructions, provenanceText(turn.provenance)];
  return new ToolLoopAgent<never, ToolSet>({
    model: modelOf(setup.options, options.model),
    instructions: texts.filter((text) => text !== undefined).join("\n\n"),
    tools: toolSet(tools, io),
    stopWhen: isStepCount(options.steps),
    maxRetries,
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    // Without it the library prints the whole request. The failure comes in the stream as well.
    onError: () => {},
  });
}

/** The tools as the library takes them. One that has to be asked about can not be run by it: then the loop stops. */
function toolSet(tools: AgentTools, io: TurnIo): ToolSet {
  return Object.fromEntries(
    [...tools.byModelName].map(([name, agentTool]) => {
      const about = {
        description: agentTool.description,
        inputSchema: jsonSchema(agentTool.inputSchema),
      };
      if (!agentTool.isUnasked) return [name, tool(about)];
      const execute = async (input: unknown): Promise<string> => {
        await io.begins();
        const { text, isError } = await agentTool.call(input, io.signal);
        if (isError) throw new Error(text);
        return text;
      };
      return [name, tool({ ...about, execute })];
    }),
  );
}
