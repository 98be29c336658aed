import { describeError, type Json, type RunnerEvent, type Usage } from "@agent-bridge/core";
import type { FinishReason, ModelMessage, TextStreamPart, ToolSet } from "ai";
import { StepRecord } from "./step-record.ts";
import { addUsage, noUsage } from "./usage.ts";

type Part = TextStreamPart<ToolSet>;

/** Turns what the agent loop streams into the events of a runner, and keeps what was said as messages. */
export class StreamEvents {
  /** What the finished calls of the model said. */
  readonly #finished: ModelMessage[] = [];
  readonly #thinking = new Map<string, string>();
  readonly #said = new Map<string, string>();
  readonly #isAsked: (modelName: string) => boolean;
  readonly #nameOf: (modelName: string) => string;
  /** Calls that were told of and have no result yet. */
  readonly #open = new Map<string, string>();
  #step = new StepRecord();
  #usage: Usage = noUsage;
  #lastText = "";
  #hasActed = false;
  failure: { readonly error: unknown } | undefined;
  finishReason: FinishReason | undefined;

  constructor(tools: {
    readonly isAsked: (modelName: string) => boolean;
    readonly nameOf: (modelName: string) => string;
  }) {
    this.#isAsked = tools.isAsked;
    this.#nameOf = tools.nameOf;
  }

  /** Everything that was said, also by a call that was cut off. */
  get messages(): readonly ModelMessage[] {
    return [...this.#finished, ...this.#step.messages];
  }

  /** The text of the last call of the model. */
  get answer(): string {
    return this.#lastText;
  }

  /** True once a tool was begun. */
  get hasActed(): boolean {
    return this.#hasActed;
  }

  *eventsOf(part: Part): Generator<RunnerEvent> {
    this.#step.add(part);
    switch (part.type) {
      case "reasoning-delta":
        this.#thinking.set(part.id, (this.#thinking.get(part.id) ?? "") + part.text);
        yield { type: "thinking", text: part.text, delta: true };
        break;
      case "reasoning-end":
        yield* whole("thinking", this.#thinking.get(part.id));
        break;
      case "text-delta":
        this.#said.set(part.id, (this.#said.get(part.id) ?? "") + part.text);
        yield { type: "text", text: part.text, delta: true };
        break;
      case "text-end":
        yield* whole("text", this.#said.get(part.id));
        break;
      case "tool-call":
        // One that has to be asked about is told of when it is carried out.
        if (part.invalid === true || !this.#isAsked(part.toolName)) yield this.#called(part);
        break;
      case "tool-result":
        yield* this.#ended(part, { text: String(part.output), isError: false });
        break;
      case "tool-error":
        yield* this.#ended(part, { text: describeError(part.error), isError: true });
        break;
      case "finish-step":
        this.#usage = addUsage(this.#usage, part.usage);
        yield { type: "usage", ...this.#usage };
        break;
      case "error":
        this.failure = { error: part.error };
        break;
      case "finish":
        this.finishReason = part.finishReason;
        break;
      default:
    }
    if (part.type === "finish-step") this.#finishStep();
  }

  /** Closes the calls that have come to no end. */
  *close(): Generator<RunnerEvent> {
    for (const callId of this.#open.keys())
      yield { type: "tool_result", callId, status: "cancelled", output: "" };
    this.#open.clear();
  }

  #finishStep(): void {
    this.#lastText = this.#step.text;
    this.#finished.push(...this.#step.messages);
    this.#step = new StepRecord();
    this.#thinking.clear();
    this.#said.clear();
  }

  #called(call: { toolCallId: string; toolName: string; input: unknown }): RunnerEvent {
    const { toolCallId: callId, toolName, input } = call;
    this.#hasActed = true;
    this.#open.set(callId, toolName);
    return { type: "tool_call", callId, name: this.#nameOf(toolName), input: input as Json };
  }

  *#ended(
    call: { toolCallId: string; toolName: string; input: unknown },
    { text, isError }: { readonly text: string; readonly isError: boolean },
  ): Generator<RunnerEvent> {
    const { toolCallId, toolName } = call;
    if (!this.#open.has(toolCallId)) yield this.#called(call);
    this.#open.delete(toolCallId);
    this.#step.addResult({ toolCallId, toolName, text, isError });
    yield {
      type: "tool_result",
      callId: toolCallId,
      status: isError ? "error" : "ok",
      output: text,
    };
  }
}

/** The whole of what came in pieces. */
function* whole(type: "thinking" | "text", text: string | undefined): Generator<RunnerEvent> {
  if (text !== undefined && text !== "") yield { type, text, delta: false };
}
