import type { PlatformAttachment } from "./attachments.ts";
import type { ToolAnswer, ToolCallOptions } from "./tool-call.ts";

/**
 * The platform's tools, called with named arguments as its MCP server takes them. They answer failure as
 * text; a thrown error means that the tool itself was not reached.
 */
export interface MoleculeTools {
  /** The head of the queue, which stays there, or `{"timeout": true}`. */
  wait_for_message(
    input: { readonly timeout_secs: number },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
  /** The first messages of the queue, as a list. */
  inbox_peek?(input: { readonly limit: number }, options?: ToolCallOptions): Promise<ToolAnswer>;
  inbox_pop(
    input: { readonly activity_id: string },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
  send_message_to_user(
    input: {
      readonly message: string;
      readonly workspace_id?: string;
      readonly attachments?: readonly PlatformAttachment[];
    },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
  delegate_task(
    input: {
      readonly workspace_id: string;
      readonly task: string;
      readonly source_workspace_id?: string;
    },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
}

/** What is known of one tool: how long it may take, and the texts by which it tells a failure. */
export interface ToolFacts {
  readonly operation: "receive" | "send" | "ack";
  /** Milliseconds; for `wait_for_message` beyond what it was asked to wait. */
  readonly limitMs: number;
  readonly failure: RegExp;
}

/** The tools. A peer's answer may well begin with the word "Error", so there only the platform's own form counts. */
export const toolFacts: Readonly<Record<keyof MoleculeTools, ToolFacts>> = {
  wait_for_message: { operation: "receive", limitMs: 15_000, failure: /^error\b/i },
  inbox_peek: { operation: "receive", limitMs: 15_000, failure: /^error\b/i },
  inbox_pop: { operation: "ack", limitMs: 15_000, failure: /^error\b/i },
  send_message_to_user: { operation: "send", limitMs: 60_000, failure: /^error\b/i },
  delegate_task: {
    operation: "send",
    limitMs: 330_000,
    failure: /^(error:|delegation failed)/i,
  },
};
