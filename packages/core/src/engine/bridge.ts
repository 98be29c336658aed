import type { Bridge, BridgeParts } from "../contract/bridge.ts";
import type { Channel } from "../contract/channel.ts";
import { newId } from "../contract/clock.ts";
import { describeError } from "../contract/errors.ts";
import type { BridgeStatus } from "../contract/handle.ts";
import { silentLogger } from "../contract/logger.ts";
import { memoryStore } from "../store/memory/memory-store.ts";
import { acknowledges, runAcknowledgement } from "./acknowledgement.ts";
import { boundedCall } from "./bounded-call.ts";
import { channelDetails } from "./channel-details.ts";
import { declarationsOf } from "./declarations.ts";
import { runDelivery } from "./delivery.ts";
import type { Engine, OwnEngine, Tally } from "./engine.ts";
import { createFeed } from "./feed.ts";
import { shareReads } from "./shared-reads.ts";
import { createHandle } from "./handle.ts";
import { checkHealth } from "./health.ts";
import { type IntakeState, receives, runIntake } from "./intake.ts";
import { createMessageRate } from "./message-rate.ts";
import { createRedactor } from "./redaction.ts";
import { recordOf } from "./runner-record.ts";
import { newRetentionState, type RetentionState, runRetention } from "./retention.ts";
import { systemClock, systemRandom } from "./system.ts";
import { Worker } from "./work.ts";

/** How long the sweep at the start may take. */
const sweepMs = 30_000;
/** How long a stop waits, beyond the runners' own grace, for what does not end. */
const stopMs = 10_000;
/** How long one channel or runner may take to free what it holds. */
const disposeMs = 5000;

/** Of the problems and questions of a status, so many are shown. */
const maxShown = 20;

/** For bridges whose runners start no processes. */
const noProcesses = { sweep: async () => await Promise.resolve({ ended: 0, survivors: [] }) };

const newTally = (): Tally => ({
  recovered: { asNew: 0, resumed: 0, interrupted: 0 },
  orphansEnded: 0,
  hopLimited: 0,
  repeatedReplies: 0,
});

function engineOf(parts: BridgeParts): OwnEngine {
  const clock = parts.clock ?? systemClock();
  const random = parts.random ?? systemRandom;
  const store = parts.store ?? memoryStore({ clock, random });
  const engine: OwnEngine = {
    ...declarationsOf(parts),
    store,
    stateId: parts.stateId ?? store.id,
    worker: { node: parts.node ?? "local", boot: newId("boot", random) },
    clock,
    random,
    logger: parts.logger ?? silentLogger,
    sweeper: parts.sweeper ?? noProcesses,
    runAccess: parts.runAccess,
    failpoint: parts.failpoint ?? (() => undefined),
    redactor: createRedactor(parts.secrets ?? new Set()),
    feed: createFeed(store.log, clock),
    reads: shareReads(store),
    rate: createMessageRate(clock, () => engine.limits.quotas),
    health: new Map(),
    runnerRecords: new Map(),
    tally: newTally(),
  };
  return engine;
}

/** Ends what an earlier process of this node left, and sets its work free. */
async function takeOver(engine: Engine, signal: AbortSignal): Promise<void> {
  const { store, worker, sweeper, logger, tally, clock } = engine;
  const recorded = await store.work.processes(worker.node);
  const { ended, survivors } = await boundedCall(
    clock,
    { what: "The sweep of an earlier start's processes", signal, limitMs: sweepMs },
    async (own) => await sweeper.sweep({ recorded, signal: own }),
  );
  tally.orphansEnded += ended;
  if (ended > 0) logger.warn("Ended processes that an earlier start left behind", { ended });
  if (survivors.length > 0)
    logger.error("Processes of an earlier start could not be ended", { survivors });
  const freed = await store.work.forfeit(worker);
  if (freed > 0) logger.warn("Taking over unfinished tasks of an earlier start", { tasks: freed });
}

function newIntakeState(): IntakeState {
  return {
    state: "starting",
    failures: 0,
    lastError: null,
    lastGoodPollAt: null,
    nextPollAt: null,
  };
}

async function statusOf(
  engine: Engine,
  of: {
    worker: Worker;
    intakes: ReadonlyMap<string, IntakeState>;
    retention: RetentionState;
    startedAt: number;
  },
): Promise<BridgeStatus> {
  const { store, channels, runners, health, limits, tally } = engine;
  const channelStatus = async (channel: Channel): Promise<BridgeStatus["channels"][number]> => ({
    name: channel.name,
    inbox: channel.inbox,
    ...(of.intakes.get(channel.name) ?? newIntakeState()),
    unacknowledged: await store.intake.unacknowledged(channel.name),
    details: channelDetails(engine, channel),
  });
  return {
    storeId: store.id,
    durable: store.durable,
    startedAt: of.startedAt,
    store: await store.queries.stats(),
    size: await store.retention.size(),
    retention: structuredClone(of.retention),
    running: of.worker.running,
    concurrency: limits.concurrency,
    channels: await Promise.all([...channels.values()].map(channelStatus)),
    runners: [...runners.keys()].map((name) => ({
      name,
      health: health.get(name) ?? null,
      ...recordOf(engine, name),
    })),
    attention: await store.queries.attention([...channels.keys()], maxShown),
    since: structuredClone(tally),
  };
}

/** Waits for loops that were asked to end. A store that does not answer can hold them up for ever, but not the stop. */
async function awaitEnd(
  engine: Engine,
  of: { what: string; limitMs: number },
  loops: readonly Promise<void>[],
): Promise<void> {
  const bounds = { ...of, signal: new AbortController().signal };
  try {
    await boundedCall(engine.clock, bounds, async () => void (await Promise.all(loops)));
  } catch (error) {
    engine.logger.error("Something did not end at the stop and was left", {
      error: describeError(error),
    });
  }
}

async function disposeParts(engine: Engine): Promise<void> {
  for (const part of [...engine.channels.values(), ...engine.runners.values()]) {
    const { name } = part;
    const bounds = {
      what: `The end of ${name}`,
      signal: new AbortController().signal,
      limitMs: disposeMs,
    };
    try {
      await boundedCall(engine.clock, bounds, async () => await part.dispose?.());
    } catch (error) {
      engine.logger.error("A part could not be disposed", { name, error: describeError(error) });
    }
  }
}

function reconfigure(
  engine: OwnEngine,
  parts: BridgeParts,
  { routes, limits = {}, retention = {} }: Parameters<Bridge["reconfigure"]>[0],
): void {
  const next = declarationsOf({ ...parts, routes, limits, retention });
  engine.routing = next.routing;
  engine.limits = next.limits;
  engine.retention = next.retention;
}

/**
 * Makes a bridge of its parts. Nothing runs before `start`.
 *
 * @throws BridgeError ROUTE_INVALID, NAME_DUPLICATE
 */
export function createBridge(parts: BridgeParts): Bridge {
  const engine = engineOf(parts);
  const { clock } = engine;
  const worker = new Worker(engine);
  const intakes = new Map([...engine.channels.keys()].map((name) => [name, newIntakeState()]));
  const retention = newRetentionState();
  const startedAt = clock.now();
  const receiving = new AbortController();
  const delivering = new AbortController();
  const loops = { receiving: [] as Promise<void>[], delivering: [] as Promise<void>[] };
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    receiving.signal.throwIfAborted();
    await takeOver(engine, receiving.signal);
    for (const runner of engine.runners.values()) {
      loops.receiving.push(checkHealth(engine, runner, receiving.signal).then(() => undefined));
    }
    loops.receiving.push(worker.run(receiving.signal));
    const { signal } = receiving;
    loops.receiving.push(runRetention(engine, { state: retention, signal }));
    for (const channel of engine.channels.values()) {
      const state = intakes.get(channel.name);
      if (state !== undefined && receives(channel))
        loops.receiving.push(runIntake(engine, channel, { state, signal: receiving.signal }));
      if (acknowledges(channel))
        loops.delivering.push(runAcknowledgement(engine, channel, delivering.signal));
    }
    loops.delivering.push(runDelivery(engine, delivering.signal));
  };

  const stop = async (): Promise<void> => {
    receiving.abort(new Error("The bridge stops."));
    // Why it could not start was told to who started it.
    await starting?.catch(() => undefined);
    const longestMs = engine.limits.turn.graceMs + stopMs;
    await awaitEnd(engine, { what: "Receiving and working", limitMs: longestMs }, loops.receiving);
    worker.abandon();
    delivering.abort(new Error("The bridge stops."));
    await awaitEnd(engine, { what: "Delivering", limitMs: stopMs }, loops.delivering);
    await disposeParts(engine);
    engine.feed[Symbol.dispose]();
  };

  return {
    start: async () => await (starting ??= start()),
    reconfigure: (to) => reconfigure(engine, parts, to),
    stop: async () => await (stopping ??= stop()),
    as: (principal) =>
      createHandle(
        engine,
        principal,
        async () => await statusOf(engine, { worker, intakes, retention, startedAt }),
      ),
    [Symbol.asyncDispose]: async () => await (stopping ??= stop()),
  };
}
