import { createHmac, timingSafeEqual } from "node:crypto";
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { text } from "./fixture-content.ts";

type Responses = Readonly<Record<string, unknown>>;
type Requests = NonNullable<Parameters<typeof inputRequired>[0]["inputRequests"]>;

const key = "a key that only this process has, for its own states";

/** What is asked of the client, as it stands on the wire. */
const field = (message: string, name: string, type = "string") => ({
  method: "elicitation/create",
  params: {
    message,
    requestedSchema: { type: "object", properties: { [name]: { type } }, required: [name] },
  },
});
const sampling = (question: string) => ({
  method: "sampling/createMessage",
  params: {
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens: 100,
  },
});
const roots = { method: "roots/list", params: {} };

const seal = (step: string): string =>
  `${step}.${createHmac("sha256", key).update(step).digest("hex")}`;

/** The step that a state of ours names. @throws ProtocolError for one that is not ours */
function open(state: unknown): string | undefined {
  if (state === undefined) return undefined;
  const sealed = typeof state === "string" ? state : "";
  const [step = ""] = sealed.split(".");
  const [given, own] = [Buffer.from(sealed), Buffer.from(seal(step))];
  if (given.length === own.length && timingSafeEqual(given, own)) return step;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, "The state is not one of ours.");
}

interface Round {
  readonly ask: Readonly<Record<string, unknown>>;
  /** The step that the state names while this is asked; none: there is no state. */
  readonly step?: string;
}

/** Tools that ask in rounds before they answer: each asks again for what is missing. */
const rounds: Readonly<Record<string, readonly Round[]>> = {
  test_input_required_result_elicitation: [
    { ask: { user_name: field("What is your name?", "name") } },
  ],
  test_streaming_elicitation: [{ ask: { user_name: field("What is your name?", "name") } }],
  test_input_required_result_sampling: [
    { ask: { capital_question: sampling("What is the capital of France?") } },
  ],
  test_input_required_result_list_roots: [{ ask: { client_roots: roots } }],
  test_input_required_result_request_state: [
    { ask: { confirm: field("Please confirm", "ok", "boolean") }, step: "confirm" },
  ],
  test_input_required_result_tampered_state: [
    { ask: { confirm: field("Please confirm", "ok", "boolean") }, step: "confirm" },
  ],
  test_input_required_result_multiple_inputs: [
    {
      ask: {
        user_name: field("What is your name?", "name"),
        greeting: sampling("Generate a greeting"),
        client_roots: roots,
      },
      step: "all",
    },
  ],
  test_input_required_result_multi_round: [
    { ask: { step1: field("Step 1: What is your name?", "name") }, step: "one" },
    { ask: { step2: field("Step 2: What is your favorite color?", "color") }, step: "two" },
  ],
};

/** What a tool needs of its client that asks for nothing else. */
export function requireSampling(context: ServerContext): CallToolResult {
  const envelope = (context.mcpReq.envelope ?? {}) as Record<string, unknown>;
  const declared = (envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}) as Record<string, unknown>;
  if (declared["sampling"] !== undefined) return { content: [text("It is there.")] };
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
}

/** Everything that asks in this way, also a prompt and a task. */
export const askingTools = [...Object.keys(rounds), "test_input_required_result_capabilities"];

const isAnswer = (value: unknown): boolean => typeof value === "object" && value !== null;

/** What to ask now; undefined when all was answered. */
export function nextRound(
  asked: readonly Round[],
  { mcpReq }: ServerContext,
): ReturnType<typeof inputRequired> | undefined {
  const responses: Responses = mcpReq.inputResponses ?? {};
  const step = open(mcpReq.requestState());
  const at = step === undefined ? 0 : asked.findIndex((round) => round.step === step);
  const now = asked[Math.max(0, at)];
  if (now === undefined) return undefined;
  const isAnswered = Object.keys(now.ask).every((name) => isAnswer(responses[name]));
  const round = isAnswered ? asked[at + 1] : now;
  if (round === undefined) return undefined;
  return inputRequired({
    inputRequests: round.ask as Requests,
    ...(round.step === undefined ? {} : { requestState: seal(round.step) }),
  });
}

export const nameRound: readonly Round[] = [
  { ask: { user_name: field("What is your name?", "name") } },
];
export const contextRound: readonly Round[] = [
  { ask: { user_context: field("What context should the prompt use?", "context") } },
];

/** Asks only in the ways that the client has declared. */
function capabilityRound(context: ServerContext): readonly Round[] {
  const envelope = (context.mcpReq.envelope ?? {}) as Record<string, unknown>;
  const declared = (envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}) as Record<string, unknown>;
  const ask = {
    ...(declared["elicitation"] === undefined ? {} : { name: field("What is your name?", "name") }),
    ...(declared["sampling"] === undefined ? {} : { greeting: sampling("Generate a greeting") }),
    ...(declared["roots"] === undefined ? {} : { roots }),
  };
  return Object.keys(ask).length === 0 ? [] : [{ ask }];
}

export function callAsking(name: string, context: ServerContext): CallToolResult {
  const asked = rounds[name] ?? capabilityRound(context);
  const round = asked.length === 0 ? undefined : nextRound(asked, context);
  if (round !== undefined) return round as unknown as CallToolResult;
  const answers = JSON.stringify(context.mcpReq.inputResponses ?? {});
  return { content: [text(`state-ok: ${answers}`)] };
}
