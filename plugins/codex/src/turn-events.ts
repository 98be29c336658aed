import type { RunnerEvent, Session } from "@agent-bridge/core";
import * as z from "zod";
import {
  agentMessageSchema,
  fileUpdateSchema,
  type FileUpdate,
  type Item,
  type Notification,
  type NotificationParams,
} from "./protocol.ts";
import { textOf } from "./failures.ts";
import { Tools } from "./tool-items.ts";
import { TurnUsage } from "./usage.ts";

const reasoningSchema = z.object({ summary: z.array(z.string()), content: z.array(z.string()) });
const fileChangeSchema = z.object({ changes: z.array(fileUpdateSchema), status: z.string() });

const planStatus = { pending: "pending", inProgress: "active", completed: "done" } as const;

/** What is known of a message of the model. */
type AgentMessage = z.output<typeof agentMessageSchema>;

/** Makes the runner's events of what Codex notifies about one turn. */
export class TurnEvents {
  readonly #tools = new Tools();
  readonly #usage: TurnUsage;
  readonly #changes = new Map<string, readonly FileUpdate[]>();
  #sessionId = "";
  #answer: AgentMessage | undefined;
  #hasActed = false;

  constructor(session: Session | null) {
    this.#usage = new TurnUsage(session?.state);
  }

  /** True when the turn may have done something beside thinking and talking. */
  get hasActed(): boolean {
    return this.#hasActed;
  }

  /** The answer: the last message that is marked as final, else the last one; "" without any. */
  get answer(): string {
    return this.#answer?.text ?? "";
  }

  /** The changes that a file change item would make; `undefined` when it was never announced. */
  changesOf(itemId: string): readonly FileUpdate[] | undefined {
    return this.#changes.get(itemId);
  }

  opened(sessionId: string): RunnerEvent[] {
    this.#sessionId = sessionId;
    return [this.#session()];
  }

  /** Takes a token count that belongs to an earlier turn. */
  earlierTokens({ tokenUsage }: NotificationParams["thread/tokenUsage/updated"]): void {
    this.#usage.earlier(tokenUsage.total);
  }

  /** @returns the events of a notification about this turn */
  of(notification: Notification): RunnerEvent[] {
    const { method, params } = notification;
    switch (method) {
      case "item/agentMessage/delta":
        return [{ type: "text", text: params.delta, delta: true }];
      case "item/reasoning/summaryTextDelta":
      case "item/reasoning/textDelta":
        return [{ type: "thinking", text: params.delta, delta: true }];
      case "item/reasoning/summaryPartAdded":
        return params.summaryIndex === 0 ? [] : [{ type: "thinking", text: "\n\n", delta: true }];
      case "item/started":
        return this.#started(params.item);
      case "item/completed":
        return this.#completed(params.item);
      case "item/fileChange/patchUpdated":
        this.#changes.set(params.itemId, params.changes);
        return [];
      case "thread/tokenUsage/updated":
        return this.#counted(params);
      case "turn/plan/updated": {
        const steps = params.plan.map(({ step, status }) => ({
          text: step,
          status: planStatus[status],
        }));
        return [{ type: "plan", steps }];
      }
      case "error":
        // The last one of a turn that fails comes again as the turn's own error.
        return params.willRetry ? [notice("warning", textOf(params.error))] : [];
      case "warning":
      case "guardianWarning":
        return [notice("warning", params.message)];
      case "model/rerouted":
        return [
          notice("info", `The model ${params.toModel} answers instead of ${params.fromModel}.`),
        ];
      default:
        return [];
    }
  }

  /** The messages that only the turn's own summary has; then what is left open is closed. */
  end(items: readonly Item[] = []): RunnerEvent[] {
    const missed = items.filter(
      (item) => item.type === "agentMessage" && item.id !== this.#answer?.id,
    );
    const events =
      this.#answer === undefined ? missed.flatMap((item) => this.#completed(item)) : [];
    return [...events, ...this.#tools.cancelled()];
  }

  #session(): RunnerEvent {
    return { type: "session", session: { id: this.#sessionId, state: this.#usage.state } };
  }

  #started(item: Item): RunnerEvent[] {
    if (item.type === "fileChange") {
      const { data } = fileChangeSchema.safeParse(item);
      if (data !== undefined) this.#changes.set(item.id, data.changes);
      this.#hasActed = true;
      return [];
    }
    const events = this.#tools.started(item);
    this.#hasActed ||= events.length > 0;
    return events;
  }

  #completed(item: Item): RunnerEvent[] {
    switch (item.type) {
      case "agentMessage":
        return this.#said(item);
      case "reasoning":
        return thought(item);
      case "fileChange":
        return this.#changed(item);
      case "contextCompaction":
        return [notice("info", "Codex has shortened what it remembers of this conversation.")];
      default: {
        const events = this.#tools.completed(item);
        this.#hasActed ||= events.length > 0;
        return events;
      }
    }
  }

  #said(item: Item): RunnerEvent[] {
    const { data: message } = agentMessageSchema.safeParse(item);
    if (message === undefined) return [];
    if (this.#answer?.phase !== "final_answer" || message.phase === "final_answer") {
      this.#answer = message;
    }
    return [{ type: "text", text: message.text, delta: false }];
  }

  #changed(item: Item): RunnerEvent[] {
    const { data } = fileChangeSchema.safeParse(item);
    this.#hasActed = true;
    if (data === undefined) return [];
    if (data.status === "completed") {
      return data.changes.map(({ path, kind, diff }) => ({
        type: "file_change",
        path,
        change: kind.type,
        diff,
      }));
    }
    const paths = data.changes.map(({ path }) => path).join(", ");
    return [notice("warning", `The change of ${paths} was not made (${data.status}).`)];
  }

  #counted({ tokenUsage }: NotificationParams["thread/tokenUsage/updated"]): RunnerEvent[] {
    const usage = this.#usage.count(tokenUsage.total);
    if (usage === undefined) return [];
    // The model has answered, and if the turn goes on, then because it called a tool: Codex is silent about some,
    // such as a command that the sandbox stopped halfway.
    this.#hasActed = true;
    return [this.#session(), { type: "usage", ...usage }];
  }
}

function thought(item: Item): RunnerEvent[] {
  const { data } = reasoningSchema.safeParse(item);
  const text = (data?.summary.length ? data.summary : (data?.content ?? [])).join("\n\n");
  return text === "" ? [] : [{ type: "thinking", text, delta: false }];
}

/** A notice as an event. */
export function notice(level: "info" | "warning", text: string): RunnerEvent {
  return { type: "notice", level, text };
}
