import { gone, sendJson, startLoopback } from "../loopback/server.ts";
import type { Call, ListenOptions, LoopbackServer } from "../loopback/server.ts";
import { answerChat, readChatPrompt } from "./chat-completions.ts";
import type { Step } from "./directives.ts";
import { createModel } from "./model.ts";
import type { Answer, Model, Prompt } from "./model.ts";
import { answerResponses, readResponsesPrompt } from "./responses.ts";
import { recordOf } from "./wire.ts";
import type { Json } from "./wire.ts";

/** The one model that the stub lists; a request may name any. */
export const stubModelName = "stub-model";

/** How many requests the log keeps; older ones are forgotten. */
const logLength = 500;

/** One request that the stub was sent. */
export interface ModelRequest {
  /** Counts all requests from 0, also the forgotten. */
  readonly index: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
  /** How the model call ended; absent where there was none. */
  readonly ending?: string;
}

/** Where the server listens, and what its model says to a message without directives (an echo by default). */
export interface StubModelOptions extends ListenOptions {
  readonly answer?: Answer;
}

/** A model server that does what the prompts direct. */
export interface StubModel extends LoopbackServer {
  /** The newest requests, oldest first, at most 500. */
  log(): readonly ModelRequest[];
}

interface Protocol {
  readonly read: (body: Json) => Prompt;
  readonly answer: (
    call: { id: string; body: Json; prompt: Prompt; step: Step },
    response: Call["response"],
    signal: AbortSignal,
  ) => Promise<void>;
}

/** The protocols by path. */
const protocols: Readonly<Record<string, Protocol>> = {
  "/v1/responses": { read: readResponsesPrompt, answer: answerResponses },
  "/v1/chat/completions": { read: readChatPrompt, answer: answerChat },
};

/** Starts the server: `POST /v1/responses`, `POST /v1/chat/completions`, `GET /v1/models`, `GET /__log`. */
export async function startStubModel(options: StubModelOptions = {}): Promise<StubModel> {
  const model = createModel(options.answer);
  const log: ModelRequest[] = [];
  let count = 0;

  const record = (call: Call, ending?: string): number => {
    const { method, path, headers, body } = call;
    log.push({
      index: count,
      at: Date.now(),
      method,
      path,
      headers,
      body,
      ...(ending === undefined ? {} : { ending }),
    });
    if (log.length > logLength) log.shift();
    return count++;
  };

  const server = await startLoopback(options, async (call) => {
    const protocol = call.method === "POST" ? protocols[call.path] : undefined;
    if (protocol !== undefined) {
      await callModel({ call, protocol, model, record });
      return;
    }
    if (call.path === "/__log") {
      sendJson(call.response, 200, log);
      return;
    }
    record(call);
    if (call.path === "/v1/models") {
      const entry = { id: stubModelName, object: "model", created: 0, owned_by: "stub" };
      sendJson(call.response, 200, { object: "list", data: [entry] });
    } else sendJson(call.response, 404, failure(`The stub has no ${call.method} ${call.path}.`));
  });
  return { ...server, log: () => [...log] };
}

interface ModelCall {
  readonly call: Call;
  readonly protocol: Protocol;
  readonly model: Model;
  readonly record: (call: Call, ending?: string) => number;
}

async function callModel({ call, protocol, model, record }: ModelCall): Promise<void> {
  const { response, signal } = call;
  const body = recordOf(call.body);
  const prompt = protocol.read(body);
  let step: Step;
  try {
    step = model.next(prompt);
  } catch (error) {
    // A directive that cannot be read is the test's mistake: harnesses do not retry 400.
    record(call, "bad directive");
    sendJson(response, 400, failure(String(error)));
    return;
  }
  const index = record(call, step.ending.end);
  if (step.ending.end === "http") {
    sendJson(response, step.ending.status, failure(`The stub answers ${step.ending.status}.`));
  } else if (step.ending.end === "silent") await gone(signal);
  else await protocol.answer({ id: String(index), body, prompt, step }, response, signal);
}

function failure(message: string): Json {
  return { error: { message, type: "stub_error", code: "stub_error" } };
}
