import type { Line } from "./connection/line.ts";
import { failureText } from "./failure-text.ts";
import { addOutgoing, removeOutgoing, setRefusal, taken } from "./state/chat-updates.ts";
import { nameFor } from "./state/conversation-title.ts";
import type { Outgoing } from "./state/state.ts";
import type { Store } from "./state/store.ts";
import type { PortalTask } from "./state/wire.ts";

interface OutboxParts {
  readonly store: Store;
  readonly line: Line;
  /** A short text that was never given before. */
  readonly mark: () => string;
  readonly onTaken: (task: PortalTask) => void;
}

/** Brings messages to the bridge. Each stays until the bridge has taken or refused it. */
export class Outbox {
  readonly #of: OutboxParts;

  constructor(of: OutboxParts) {
    this.#of = of;
  }

  send(text: string): void {
    const { store, mark } = this.#of;
    const { chat, runner } = store.get();
    const { conversationId } = chat;
    const newName = conversationId === null ? (chat.newName ?? nameFor(text, mark())) : null;
    const message: Outgoing = {
      key: `portal ${mark()}${mark()}${mark()}`,
      text,
      conversationId,
      conversation: newName,
      runner,
      refusal: null,
    };
    store.update((state) => ({ ...state, chat: { ...state.chat, newName } }));
    store.update(addOutgoing(message));
    void this.#deliver(message);
  }

  /** Sends a refused message once more. */
  sendAgain(key: string): void {
    this.#of.store.update(setRefusal(key, null));
    const message = this.#of.store.get().outbox.find((one) => one.key === key);
    if (message !== undefined) void this.#deliver(message);
  }

  discard(key: string): void {
    this.#of.store.update(removeOutgoing(key));
  }

  /** The line is back: what nobody answered is sent again, in order, under the same keys. */
  async deliverAll(): Promise<void> {
    for (const { key } of this.#of.store.get().outbox) {
      const message = this.#of.store.get().outbox.find((one) => one.key === key);
      if (message !== undefined && message.refusal === null) await this.#deliver(message);
    }
  }

  async #deliver(message: Outgoing): Promise<void> {
    const { store, line, onTaken } = this.#of;
    const { key, text, conversationId, conversation, runner } = message;
    try {
      const { task } = await line.ask("chat", {
        message: text,
        key,
        ...(conversationId === null ? {} : { conversationId }),
        ...(conversation === null || conversationId !== null ? {} : { conversation }),
        ...(runner === null ? {} : { runner }),
      });
      store.update(taken(message, task));
      onTaken(task);
    } catch (error) {
      // Unheard, it waits for the line.
      const refusal = failureText(error);
      if (refusal !== null) store.update(setRefusal(key, refusal));
    }
  }
}
