import type { SentEntry } from "@agent-bridge/testing/fake-platform";
import type { ModelRequest } from "@agent-bridge/testing/stub-model";

/** A message that was put into the inbox. */
export interface Sent {
  readonly id: string;
  /** The peer it came from; null for the canvas. */
  readonly peer: string | null;
  /** How many entries the platform's record had before. */
  readonly since: number;
}

/** What became of one message, by the platform's own record. */
export interface Verdict {
  readonly id: string;
  readonly outcome: "answered" | "failed visibly" | "lost";
  /** Replies that were shown beyond the first. */
  readonly repeated: number;
  /** When the first one arrived, in epoch milliseconds; null when none did. */
  readonly firstAt: number | null;
  readonly isCanvas: boolean;
}

const textOf = (entry: SentEntry): string => {
  const body = entry.body as { message?: string; task?: string };
  return body.message ?? body.task ?? "";
};

/** The replies to one message: a peer is written to by nobody else, a canvas has one message a round. */
function repliesTo(message: Sent, replies: readonly SentEntry[]): readonly SentEntry[] {
  const { peer, since } = message;
  return replies.filter((entry) =>
    peer === null
      ? entry.endpoint === "notify" && entry.index >= since
      : entry.endpoint === "delegate" && (entry.body as { target_id?: unknown }).target_id === peer,
  );
}

/** Judges a round's messages from what the platform was sent. */
export function judge(
  messages: readonly Sent[],
  replies: readonly SentEntry[],
): readonly Verdict[] {
  return messages.map((message) => {
    const own = repliesTo(message, replies);
    const isAnswered = own.some((entry) => textOf(entry).includes(`answer ${message.id}`));
    const outcome = own.length === 0 ? "lost" : isAnswered ? "answered" : "failed visibly";
    return {
      id: message.id,
      outcome,
      repeated: Math.max(0, own.length - 1),
      firstAt: own[0]?.at ?? null,
      isCanvas: message.peer === null,
    };
  });
}

interface InputItem {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string | readonly { readonly text?: string }[];
}

const userTexts = (request: ModelRequest): readonly string[] => {
  const body = request.body as { input?: readonly InputItem[] } | null;
  return (body?.input ?? []).flatMap((item) => {
    if (item.role !== "user") return [];
    return typeof item.content === "string"
      ? [item.content]
      : (item.content ?? []).map((part) => part.text ?? "");
  });
};

const total = (sessions: ReadonlyMap<string, number>): number =>
  [...sessions.values()].reduce((sum, count) => sum + count, 0);

/** Remembers in which sessions the model saw each message as a request of its own; a quotation is none. */
export class RunCounter {
  readonly #seen = new Map<string, Map<string, number>>();
  #next = 0;

  /** Takes the model's newest requests. Called often enough, it misses none. */
  take(requests: readonly ModelRequest[]): void {
    for (const request of requests) {
      if (request.index < this.#next) continue;
      this.#next = request.index + 1;
      const session = String(
        (request.body as { prompt_cache_key?: unknown } | null)?.prompt_cache_key,
      );
      const counts = new Map<string, number>();
      for (const text of userTexts(request)) {
        for (const [, id] of text.matchAll(/^(?!>).*answer (message-\d+)/gm)) {
          if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
        }
      }
      for (const [id, count] of counts) {
        const sessions = this.#seen.get(id) ?? new Map<string, number>();
        sessions.set(session, Math.max(sessions.get(session) ?? 0, count));
        this.#seen.set(id, sessions);
      }
    }
  }

  /** Messages that were given to an agent more than once as if new. */
  get runTwice(): readonly string[] {
    return [...this.#seen].filter(([, sessions]) => total(sessions) > 1).map(([id]) => id);
  }
}
