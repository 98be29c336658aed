import type { BridgeStatus } from "../contract/handle.ts";
import type {
  Failpoint,
  Limits,
  ProcessSweeper,
  RetentionRules,
  RunAccess,
} from "../contract/bridge.ts";
import type { Channel } from "../contract/channel.ts";
import type { Clock, Random } from "../contract/clock.ts";
import type { Kind } from "../contract/kind.ts";
import type { Logger } from "../contract/logger.ts";
import type { Runner, RunnerHealth } from "../contract/runner.ts";
import type { Store } from "../contract/store.ts";
import type { WorkerId } from "../contract/work.ts";
import type { Feed } from "./feed.ts";
import type { MessageRate } from "./message-rate.ts";
import type { Redactor } from "./redaction.ts";
import type { RunnerRecord } from "./runner-record.ts";
import type { SharedReads } from "./shared-reads.ts";
import type { RoutingTable } from "./routing.ts";

type Counters = BridgeStatus["since"];

/** Counted since the start, shown by `status`. */
export type Tally = {
  -readonly [K in keyof Counters]: Counters[K] extends number
    ? number
    : { -readonly [L in keyof Counters[K]]: number };
};

/**
 * What the parts of the engine share: the checked parts of a bridge, and nothing that one of them owns.
 * `routing`, `limits` and `retention` may be replaced while it runs: they are read where they are used, and not kept.
 */
export interface Engine {
  readonly store: Store;
  readonly stateId: string;
  readonly worker: WorkerId;
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly routing: RoutingTable;
  readonly runners: ReadonlyMap<string, Runner>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly limits: Limits;
  readonly retention: RetentionRules;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sweeper: ProcessSweeper;
  readonly runAccess: RunAccess | undefined;
  readonly failpoint: (name: Failpoint) => void | Promise<void>;
  readonly redactor: Redactor;
  readonly feed: Feed;
  readonly reads: SharedReads;
  readonly rate: MessageRate;
  /** What the runners' checks told; null: nothing, and they are not asked again. */
  readonly health: Map<string, RunnerHealth | null>;
  readonly runnerRecords: Map<string, RunnerRecord>;
  readonly tally: Tally;
}

/** The engine as the bridge itself has it. */
export type OwnEngine = Omit<Engine, "routing" | "limits" | "retention"> & {
  routing: RoutingTable;
  limits: Limits;
  retention: RetentionRules;
};

/** The limits that hold where nothing else is said. */
export const defaultLimits: Limits = {
  concurrency: 4,
  replyMs: 10 * 60_000,
  hops: 8,
  hopQuietMs: 60 * 60_000,
  messageBytes: 256 * 1024,
  messageDepth: 64,
  answerBytes: 10 * 1024 * 1024,
  logBytes: 100 * 1024 * 1024,
  leaseMs: 30_000,
  questionMs: 10 * 60_000,
  waitMs: 60_000,
  crashes: 3,
  runTasks: 16,
  runDepth: 2,
  turn: { startMs: 60_000, idleMs: 10 * 60_000, totalMs: 60 * 60_000, graceMs: 4500 },
  quotas: {
    principalTasks: 1000,
    principalBytes: 64 * 1024 * 1024,
    conversationTasks: 200,
    conversationBytes: 16 * 1024 * 1024,
    messages: 1200,
    windowMs: 60_000,
  },
};
