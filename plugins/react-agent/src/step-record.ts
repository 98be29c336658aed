import type { JsonObject } from "@agent-bridge/core";
import type { ModelMessage, TextStreamPart, ToolSet } from "ai";
import { withResult } from "./history.ts";

type Part = TextStreamPart<ToolSet>;
type AssistantPart = Exclude<
  Extract<ModelMessage, { role: "assistant" }>["content"],
  string
>[number];

/**
 * What one call of the model has said so far, as the messages of the conversation: the same whether it came to its
 * end or was cut off in the middle.
 */
export class StepRecord {
  readonly #content: AssistantPart[] = [];
  readonly #texts = new Map<string, { text: string }>();
  readonly #results: Parameters<typeof withResult>[1][] = [];

  add(part: Part): void {
    switch (part.type) {
      case "text-start": {
        const text = { type: "text" as const, text: "" };
        this.#texts.set(part.id, text);
        this.#content.push(text);
        break;
      }
      case "text-delta": {
        const text = this.#texts.get(part.id);
        if (text !== undefined) text.text += part.text;
        break;
      }
      case "tool-call":
        this.#content.push({
          type: "tool-call",
          toolCallId: part.toolCallId,
          toolName: part.toolName,
          input: part.input as JsonObject,
          ...(part.providerMetadata === undefined
            ? {}
            : { providerOptions: part.providerMetadata }),
        });
        break;
      default:
    }
  }

  /** A call that was carried out. */
  addResult(result: Parameters<typeof withResult>[1]): void {
    this.#results.push(result);
  }

  /** The whole text. */
  get text(): string {
    return [...this.#texts.values()].map(({ text }) => text).join("");
  }

  /** The messages, without texts that are empty. */
  get messages(): ModelMessage[] {
    const content = this.#content.filter((part) => part.type !== "text" || part.text !== "");
    if (content.length === 0) return [];
    let messages: ModelMessage[] = [{ role: "assistant", content }];
    for (const result of this.#results) messages = withResult(messages, result);
    return messages;
  }
}
