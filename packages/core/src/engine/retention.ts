import type { RetentionRules } from "../contract/bridge.ts";
import type { RetentionStatus } from "../contract/handle.ts";
import type { Removed, RemovalStep } from "../contract/retention.ts";
import type { Engine } from "./engine.ts";
import { pause, repeat } from "./loop.ts";

/** The first sweep follows the start by so much: what has waited for its daemon goes first. */
const firstMs = 60_000;
const everyMs = 60 * 60_000;
/** Only one node sweeps; it renews its lease at a third. */
const lease = { name: "retention", ms: 60_000 } as const;
/** What one step looks at and what it gives back, and how long everything else goes on alone after it. */
const step = { rows: 100, bytes: 4 * 1024 * 1024, pauseMs: 10 } as const;
/** What ended within it is not removed for want of room: whoever asked is to find the answer. */
const youngestMs = 60 * 60_000;

/** For ever, as an age that every store can count with. */
const everMs = 100 * 365 * 24 * 60 * 60_000;

/** How long what is over is kept where nothing else is said. */
export const defaultRetention: RetentionRules = {
  taskMs: 30 * 24 * 60 * 60_000,
  maxBytes: 10 * 1024 * 1024 * 1024,
  keyMs: 35 * 24 * 60 * 60_000,
  deadLetterMs: 90 * 24 * 60 * 60_000,
  deadLetters: 10_000,
  deadLetterBytes: 256 * 1024 * 1024,
  conversationMs: 365 * 24 * 60 * 60_000,
};

/** How the sweeps fare; read by `status`. */
export type RetentionState = {
  lastRunAt: number | null;
  readonly removed: { -readonly [K in keyof RetentionStatus["removed"]]: number };
};

export const newRetentionState = (): RetentionState => ({
  lastRunAt: null,
  removed: { tasks: 0, events: 0, keys: 0, deadLetters: 0, conversations: 0 },
});

/** The part of a sweep that has one sort of things removed. Null where they are kept for ever. */
type Part = (engine: Engine, step: Omit<RemovalStep, "olderThanMs">) => Promise<Removed> | null;

/** In the order in which they free each other. */
const parts = {
  deadLetters: ({ store, retention }, at) =>
    store.retention.removeDeadLetters({
      ...at,
      olderThanMs: retention.deadLetterMs ?? everMs,
      keepCount: retention.deadLetters,
      keepBytes: retention.deadLetterBytes,
    }),
  tasks: ({ store, retention }, at) =>
    retention.taskMs === null
      ? null
      : store.retention.removeTasks({ ...at, olderThanMs: retention.taskMs, keepBytes: 0 }),
  tasksForRoom: ({ store, retention }, at) =>
    retention.maxBytes === null
      ? null
      : store.retention.removeTasks({
          ...at,
          olderThanMs: youngestMs,
          keepBytes: retention.maxBytes,
        }),
  conversations: ({ store, retention }, at) =>
    retention.conversationMs === null
      ? null
      : store.retention.removeConversations({ ...at, olderThanMs: retention.conversationMs }),
  keys: ({ store, retention }, at) =>
    store.retention.removeMessages({ ...at, olderThanMs: retention.keyMs }),
} as const satisfies Record<string, Part>;

function count(state: RetentionState, part: keyof typeof parts, removed: Removed): void {
  const name = part === "tasksForRoom" ? "tasks" : part;
  state.removed[name] += removed.count;
  if ("events" in removed) state.removed.events += Number(removed.events);
}

/** Keeps the lease while steps are taken. @returns false when it is lost: another node sweeps */
function keepLease({ store, worker, clock }: Engine): () => Promise<boolean> {
  let heldAt = clock.steady();
  return async () => {
    const now = clock.steady();
    if (now - heldAt < lease.ms / 3) return true;
    heldAt = now;
    return await store.leases.renew(lease.name, worker, lease.ms);
  };
}

/** Takes small steps until nothing is left to remove. Everything else has its turn between them. */
async function sweep(engine: Engine, state: RetentionState, signal: AbortSignal): Promise<void> {
  const { clock, store } = engine;
  const isMine = keepLease(engine);
  const mayGoOn = async (): Promise<boolean> => {
    await pause(clock, step.pauseMs, signal);
    return !signal.aborted && (await isMine());
  };
  for (const [name, part] of Object.entries(parts) as [keyof typeof parts, Part][]) {
    for (let after: string | null = null; ;) {
      const removed = await part(engine, { after, limit: step.rows });
      if (removed === null) break;
      count(state, name, removed);
      if (!(await mayGoOn())) return;
      if (removed.next === null) break;
      after = removed.next;
    }
  }
  while ((await store.retention.giveBack(step.bytes)) && (await mayGoOn()));
}

/** Removes what is over, a while after the start and then every hour, on one node at a time. */
export async function runRetention(
  engine: Engine,
  of: { readonly state: RetentionState; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, store, worker, logger } = engine;
  const { state, signal } = of;
  await pause(clock, firstMs, signal);
  await repeat("Removing what is over", { clock, logger, signal }, async () => {
    if (await store.leases.acquire(lease.name, worker, lease.ms)) {
      const before = { ...state.removed };
      try {
        await sweep(engine, state, signal);
      } finally {
        await store.leases.release(lease.name, worker);
      }
      state.lastRunAt = clock.now();
      const { removed } = state;
      const isAny = (Object.keys(removed) as (keyof typeof removed)[]).some(
        (name) => removed[name] > before[name],
      );
      if (isAny) logger.info("Removed what is over; counted since the start", { ...removed });
    }
    await pause(clock, everyMs, signal);
  });
}
