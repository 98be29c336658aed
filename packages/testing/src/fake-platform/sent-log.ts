import { appendFileSync } from "node:fs";
import type { Endpoint, FaultKind } from "./faults.ts";

/** One call that the platform was sent, as it was judged. Polls are counted instead. */
export interface SentEntry {
  /** From 0, without gaps. */
  readonly index: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly via: "http" | "tools";
  readonly endpoint: Endpoint;
  readonly workspace: string | null;
  /** What was sent, or the tool's arguments. */
  readonly body: unknown;
  readonly idempotencyKey: string | null;
  /** Whether it took effect: a user saw it, a peer got it, a position moved. */
  readonly effect: "done" | "deduplicated" | "none";
  /** The status that was answered; null when the caller got no answer. */
  readonly status: number | null;
  /** The armed fault that hit it. */
  readonly fault: FaultKind["fault"] | null;
}

/** The referee's record: append-only, written before the answer leaves. */
export interface SentLog {
  append(entry: Omit<SentEntry, "index" | "at">): void;
  countPoll(workspace: string | undefined): void;
  entries(): readonly SentEntry[];
  /** How often each workspace was polled; the tools' polls count under `*`. */
  polls(): Readonly<Record<string, number>>;
}

/** Creates an empty record; with `file`, each entry is also appended there as a line of JSON. */
export function createSentLog(options: { now: () => number; file?: string | undefined }): SentLog {
  const entries: SentEntry[] = [];
  const polls = new Map<string, number>();
  return {
    append: (entry) => {
      const complete = { index: entries.length, at: options.now(), ...entry };
      entries.push(complete);
      // Written at once: the record outlives a kill of this process too.
      if (options.file !== undefined) appendFileSync(options.file, `${JSON.stringify(complete)}\n`);
    },
    countPoll: (workspace = "*") => {
      polls.set(workspace, (polls.get(workspace) ?? 0) + 1);
    },
    entries: () => [...entries],
    polls: () => Object.fromEntries(polls),
  };
}
