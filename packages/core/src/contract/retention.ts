/** One step of a removal. */
export interface RemovalStep {
  /** Only what has been over for longer, by the store's own time; 0 for whatever is over. */
  readonly olderThanMs: number;
  /** At most so many are looked at; 1 to 1,000. A step that has taken long ends before. */
  readonly limit: number;
  /** Where an earlier step said to go on; null to begin with the oldest. */
  readonly after: string | null;
}

/** What one step removed. `next`: where to go on, opaque; null when nothing is left that this request would remove. */
export interface Removed {
  readonly count: number;
  readonly next: string | null;
}

/** The room that a store takes. */
export interface StoreSize {
  /** What its contents take. It falls with what is removed, once that call and those that follow it have resolved. */
  readonly usedBytes: number;
  /** What it takes from the machine, with the room inside that is free for new contents. */
  readonly totalBytes: number;
}

/**
 * The way out: removes what is over, in steps that are small enough to do beside everything else. Whoever
 * calls goes on until `next` is null. What is open is never removed. Two callers at once do no harm.
 */
export interface Retention {
  /**
   * Removes ended tasks, the oldest end first: each whole and in one transaction, with its log, input, answer,
   * part of the history, questions and texts for the outbox. A task stays while its reply is not settled,
   * its message waits for its acknowledgement, a text of it is to be sent, or a dead letter is kept that
   * was its reply. The key of its message stays, and answers `expired`.
   *
   * @param step.keepBytes removes only while `usedBytes` is above; 0 for whatever is old enough
   * @returns `events`: how many the logs of the removed tasks had
   */
  removeTasks(
    step: RemovalStep & { readonly keepBytes: number },
  ): Promise<Removed & { readonly events: number }>;
  /**
   * Forgets the keys of messages, the longest unused first: their age counts from the removal of their task, or
   * from when they were accepted if they made none, and anew whenever the message comes again. The key
   * of a kept task, and a message that waits for its acknowledgement, stay.
   */
  removeMessages(step: RemovalStep): Promise<Removed>;
  /**
   * Removes dead letters, the oldest first: those that are old enough, and of the others so many that at most
   * `keepCount` with `keepBytes` of payload stay. A letter that is gone can not be taken up again.
   */
  removeDeadLetters(
    step: RemovalStep & { readonly keepCount: number; readonly keepBytes: number },
  ): Promise<Removed>;
  /**
   * Removes conversations without any task, with their sessions: those that nobody wrote in for so long, the
   * longest unused first. Who writes there again begins a new one.
   */
  removeConversations(step: RemovalStep): Promise<Removed>;
  /**
   * Gives room that removals left back to the machine.
   *
   * @param limitBytes about so much in one call
   * @returns false when there is nothing more to give, or the store gives nothing back by itself
   */
  giveBack(limitBytes: number): Promise<boolean>;
  size(): Promise<StoreSize>;
}
