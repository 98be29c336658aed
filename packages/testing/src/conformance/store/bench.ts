import type {
  Accepted,
  BridgeEvent,
  Claim,
  ClaimRef,
  Ending,
  ErrorCode,
  EventFilter,
  FailureCode,
  NewEvent,
  NewMessage,
  NewQuestion,
  NewTask,
  OutboxItem,
  Scope,
  Store,
  Task,
  WorkerId,
} from "@agent-bridge/core";
import { expect } from "vitest";
import type { ManualClock } from "../../manual-clock.ts";

/** Everything. */
export const all: Scope = { all: true };
/** The owner of what a case stores, unless it says otherwise. */
export const ann: Scope = { owner: "ann" };
export const bob: Scope = { owner: "bob" };

export const worker: WorkerId = { node: "node-1", boot: "boot-1" };
/** The same node after a restart. */
export const laterBoot: WorkerId = { node: "node-1", boot: "boot-2" };
export const otherNode: WorkerId = { node: "node-2", boot: "boot-1" };

export const leaseMs = 30_000;
/** The channel that messages come by, unless a case says otherwise. */
export const chat = "chat";

/** A task, as far as it differs from the ordinary: no destination, and a conversation of its own. */
export type TaskSketch = Partial<Omit<NewTask, "conversation">> & {
  readonly text?: string;
  /** The key of its conversation; null for none. */
  readonly lane?: string | null;
  readonly conversation?: NewTask["conversation"];
  readonly channel?: string;
  readonly workspace?: string;
  readonly keepsSession?: boolean;
};

export type MessageSketch = Partial<Omit<NewMessage, "outcome">> & {
  readonly key?: string;
  readonly outcome?: NewMessage["outcome"];
};

export const said = (text: string, delta = false): NewEvent => ({
  type: "turn.text",
  data: { text, delta },
});

export const completed = (output: string): Ending => ({
  status: "completed",
  output,
  error: null,
  reply: output,
});

export const failed = (code: FailureCode, output: string | null = null): Ending => ({
  status: "failed",
  output,
  error: { code, message: `ended: ${code}` },
  reply: `(ended: ${code})`,
});

export const question = (id: string, sketch: Partial<NewQuestion> = {}): NewQuestion => ({
  id,
  type: "approval",
  title: "Run it?",
  details: { command: ["ls"] },
  deadlineMs: 60_000,
  text: null,
  ...sketch,
});

/** Checks that a call is refused with this code of the error table. */
export async function refused(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: "BridgeError", code });
}

function taskMaker(): (sketch?: TaskSketch) => NewTask {
  let count = 0;
  return (sketch = {}) => {
    const number = ++count;
    const {
      text = `text ${number}`,
      lane = `lane-${number}`,
      channel = chat,
      workspace = "home",
      keepsSession = true,
      ...rest
    } = sketch;
    return {
      id: `task-${number}`,
      kind: "chat.message",
      runner: "agent",
      owner: "ann",
      input: { payload: { text }, prompt: text },
      provenance: { kind: "chat.message", channel, workspace, sender: "ann" },
      rules: { options: {}, recover: "resume", unknownReply: "repeat" },
      metadata: {},
      destination: null,
      conversation:
        lane === null
          ? null
          : { newId: `conversation-${number}`, channel, workspace, key: lane, keepsSession },
      continues: null,
      questions: "ask",
      waitingText: null,
      hops: null,
      quotas: [],
      refusalText: null,
      ...rest,
    };
  };
}

/** An open store with what the cases do with it again and again. */
export interface StoreBench {
  readonly store: Store;
  readonly clock: ManualClock;
  /** A task to be accepted. */
  task(sketch?: TaskSketch): NewTask;
  /** A message of the channel, under a key of its own. */
  message(sketch?: TaskSketch, message?: MessageSketch): NewMessage;
  accept(...messages: NewMessage[]): Promise<readonly Accepted[]>;
  /** Accepts a message that becomes a task. */
  accepted(sketch?: TaskSketch, message?: MessageSketch): Promise<Task>;
  claims(request?: Partial<Parameters<Store["work"]["claim"]>[0]>): Promise<readonly Claim[]>;
  /** Accepts a task and claims it; nothing older may be claimable. */
  claimed(sketch?: TaskSketch, message?: MessageSketch): Promise<Claim>;
  /** Claims the task that is claimable next. */
  claimNext(request?: Partial<Parameters<Store["work"]["claim"]>[0]>): Promise<Claim>;
  finish(claim: ClaimRef, ending?: Ending, events?: readonly NewEvent[]): Promise<Task>;
  /** A task that has ended, with its reply in the outbox where it has a destination. */
  ended(sketch?: TaskSketch, ending?: Ending): Promise<Task>;
  suspend(claim: ClaimRef, id: string, sketch?: Partial<NewQuestion>): Promise<void>;
  cancel(
    taskId: string,
    sketch?: { scope?: Scope; ending?: Ending; reason?: string | null },
  ): ReturnType<Store["intake"]["requestCancel"]>;
  /** The task as it is now. */
  now(taskId: string): Promise<Task>;
  /** All events that match, read page by page. */
  events(filter?: Partial<EventFilter>): Promise<readonly BridgeEvent[]>;
  types(taskId: string): Promise<readonly string[]>;
  due(limit?: number): Promise<readonly OutboxItem[]>;
  /** Takes what is due at the head of the lines for sending. */
  sending(by?: WorkerId): Promise<readonly OutboxItem[]>;
  /** Sends everything that is due until nothing is, and gives the texts in order. */
  deliverAll(): Promise<readonly string[]>;
}

/** Makes a bench over an open store. */
export function storeBench(store: Store, clock: ManualClock): StoreBench {
  const task = taskMaker();
  let keys = 0;
  const message: StoreBench["message"] = (sketch, { key, outcome, ...rest } = {}) => {
    const number = ++keys;
    const channel = sketch?.channel ?? chat;
    return {
      dedupe: { scope: channel, key: key ?? `key-${number}`, hash: null },
      from: { channel, ack: { place: number } },
      outcome: outcome ?? { type: "task", task: task(sketch) },
      ...rest,
    };
  };
  const accept: StoreBench["accept"] = async (...messages) =>
    await store.intake.accept({ messages });
  const accepted: StoreBench["accepted"] = async (sketch, rest) => {
    const [result] = await accept(message(sketch, rest));
    if (result?.result !== "task") throw new Error(`It became ${JSON.stringify(result)}.`);
    return result.task;
  };
  const claims: StoreBench["claims"] = async (request = {}) =>
    await store.work.claim({ worker, runners: ["agent"], leaseMs, limit: 100, ...request });
  const claimNext: StoreBench["claimNext"] = async (request = {}) => {
    const [claim] = await claims({ limit: 1, ...request });
    if (claim === undefined) throw new Error("There was nothing to claim.");
    return claim;
  };
  const claimed: StoreBench["claimed"] = async (sketch = {}, rest) => {
    const { id, runner } = await accepted(sketch, rest);
    const claim = await claimNext({ runners: [runner] });
    expect(claim.taskId, "the task that was claimed").toBe(id);
    return claim;
  };
  const finish: StoreBench["finish"] = async (claim, ending = completed("done"), events = []) =>
    await store.work.finish(claim, { events, ending, ifCancelled: failed("cancelled") });
  const events: StoreBench["events"] = async (filter = {}) => {
    const found: BridgeEvent[] = [];
    for (let after: string | null = null; ;) {
      const page: Awaited<ReturnType<Store["log"]["read"]>> = await store.log.read({
        scope: all,
        ...filter,
        after,
        limit: 1000,
      });
      found.push(...page.events);
      if (page.atHead) return found;
      after = page.next;
    }
  };
  const due: StoreBench["due"] = async (limit = 100) => await store.outbox.due([chat], limit);
  const sending: StoreBench["sending"] = async (by = worker) => {
    const items = await due();
    const ids = await store.outbox.sending(
      items.map(({ id }) => id),
      by,
      leaseMs,
    );
    return items.filter(({ id }) => ids.includes(id));
  };
  return {
    store,
    clock,
    task,
    message,
    accept,
    accepted,
    claims,
    claimed,
    claimNext,
    finish,
    events,
    due,
    sending,
    ended: async (sketch, ending) => await finish(await claimed(sketch), ending),
    suspend: async (claim, id, sketch) =>
      await store.work.suspend(claim, {
        question: question(id, sketch),
        state: { left: id },
        events: [],
      }),
    cancel: async (taskId, { scope = all, ending = failed("cancelled"), reason = null } = {}) =>
      await store.intake.requestCancel({ taskId, scope, by: "ann", reason, ending }),
    now: async (taskId) => {
      const found = await store.queries.task(taskId, all);
      if (found === undefined) throw new Error(`There is no task ${taskId}.`);
      return found;
    },
    types: async (taskId) => (await events({ taskId })).map(({ type }) => type),
    deliverAll: async () => {
      const texts: string[] = [];
      for (let items = await sending(); items.length > 0; items = await sending()) {
        for (const { id, text } of items) {
          await store.outbox.delivered(id, worker, { ref: null, repeated: false });
          texts.push(text);
        }
      }
      return texts;
    },
  };
}
