import type { Channel } from "./channel.ts";
import type { Clock, Random } from "./clock.ts";
import type { Handle } from "./handle.ts";
import type { Kind } from "./kind.ts";
import type { Logger } from "./logger.ts";
import type { Principal } from "./principal.ts";
import type { RouteInput } from "./route.ts";
import type { BridgeServer, ProcessRecord, Runner, TurnLimits } from "./runner.ts";
import type { Store } from "./store.ts";
import type { ClaimRef } from "./work.ts";

/**
 * What one principal may have open, what may be open in one conversation, and how fast messages are taken. The
 * operator, who sets them, is not bound by them.
 */
export interface Quotas {
  /** Open tasks of one principal: a client, a run, or a sender at a channel. */
  readonly principalTasks: number;
  /** The bytes of their inputs, as JSON. */
  readonly principalBytes: number;
  /** Open tasks in one conversation, whoever wrote there. */
  readonly conversationTasks: number;
  readonly conversationBytes: number;
  /**
   * New messages that one principal may send, or one channel bring, at once and in each window; counted by each
   * process for itself. A caller beyond it is refused, a channel is polled later.
   */
  readonly messages: number;
  readonly windowMs: number;
}

/** The limits of a bridge, with the defaults of `defaultLimits`. */
export interface Limits {
  /** Tasks that run at once in this process. */
  readonly concurrency: number;
  /** How long a reply is tried before it is a dead letter. */
  readonly replyMs: number;
  /** Turns with an agent before a person must write, see `NewTask.hops`. */
  readonly hops: number;
  readonly hopQuietMs: number;
  readonly messageBytes: number;
  readonly messageDepth: number;
  /** The largest answer that is kept whole. */
  readonly answerBytes: number;
  /** What the log of one task may take; beyond it only what a reader can not do without is recorded. */
  readonly logBytes: number;
  /** How long a claim holds without renewal. It is renewed at a third; at two thirds without success the runner is ended. */
  readonly leaseMs: number;
  /** How long a question waits before it is a "no". */
  readonly questionMs: number;
  /** How long a poll may wait on the platform's side. */
  readonly waitMs: number;
  /** Crashes after which a task fails as `crash_loop`. */
  readonly crashes: number;
  /** Tasks that one run may start in all, where it may use the bridge. */
  readonly runTasks: number;
  /** How many runs may stand behind one another: a run of the last of them starts no task. */
  readonly runDepth: number;
  readonly turn: TurnLimits;
  readonly quotas: Quotas;
}

/**
 * How long what is over is kept, with the defaults of `defaultRetention`. Null: for ever, or as much as there
 * is room for. What is open, or waits for a reply or an acknowledgement, is never removed.
 */
export interface RetentionRules {
  /** Ended tasks, with all that belongs to them; from their end. */
  readonly taskMs: number | null;
  /** When the store uses more, the tasks that ended first go before their time, but for those of the last hour. */
  readonly maxBytes: number | null;
  /** The key of a message, by which a repeat is known, beyond its task. A channel's redelivery must be over by then. */
  readonly keyMs: number;
  readonly deadLetterMs: number | null;
  /** The most dead letters, and the most bytes of their payloads. */
  readonly deadLetters: number;
  readonly deadLetterBytes: number;
  /** A conversation without tasks, with the agents' sessions; from when somebody last wrote there. */
  readonly conversationMs: number | null;
}

/** Ends the processes that an earlier start left behind. Given by the host: core starts no processes. */
export interface ProcessSweeper {
  /**
   * Ends every process that carries this state's mark, and every recorded one whose start time matches,
   * with their trees. A process with a recycled pid is never touched.
   *
   * @param only sweep what is left of one attempt; default: everything of this state
   */
  sweep(request: {
    readonly recorded: readonly (ProcessRecord & ClaimRef)[];
    readonly only?: ClaimRef;
    readonly signal: AbortSignal;
  }): Promise<{ readonly ended: number; readonly survivors: readonly number[] }>;
}

/** Lets agents use the bridge themselves, as their own principal `run`. Given by the host. */
export interface RunAccess {
  /**
   * Opens the bridge for one attempt of a task, until it is disposed.
   *
   * @returns the server by which that run is known; its environment holds a secret
   */
  grant(taskId: string): RunAccessGrant;
}

/** Access of one run. Disposing it ends what goes on by it. */
export interface RunAccessGrant extends Disposable {
  readonly server: BridgeServer;
}

/**
 * The moments at which a crash is told apart by tests. Production gives none.
 * `accept.before` / `accept.after`: around the commit of intake; `spawn.after`: a process was stored;
 * `turn.event`: an event was appended; `finish.after`: the end is stored, the reply not sent;
 * `send.after`: the reply was sent, which is not noted yet.
 */
export type Failpoint =
  | "accept.before"
  | "accept.after"
  | "spawn.after"
  | "turn.event"
  | "finish.after"
  | "send.after";

/** What a bridge is made of. */
export interface BridgeParts {
  /** None: a memory store, whose contents end with the process. */
  readonly store?: Store;
  /** Marks this installation's processes; the store's id by default. */
  readonly stateId?: string;
  /** Names this machine in leases; stable over restarts. Default: `local`. */
  readonly node?: string;
  /** Beside `prompt`, which is always there. */
  readonly kinds?: readonly Kind[];
  readonly routes: readonly RouteInput[];
  readonly runners: readonly Runner[];
  readonly channels?: readonly Channel[];
  readonly limits?: Partial<Omit<Limits, "turn" | "quotas">> & {
    readonly turn?: Partial<TurnLimits>;
    readonly quotas?: Partial<Quotas>;
  };
  readonly retention?: Partial<RetentionRules>;
  readonly sweeper?: ProcessSweeper;
  /** None: no run can use the bridge. */
  readonly runAccess?: RunAccess;
  /** Texts that are never stored or sent: in what an agent does and answers they are replaced. May grow. */
  readonly secrets?: ReadonlySet<string>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  readonly failpoint?: (name: Failpoint) => void | Promise<void>;
}

/** The engine. Made by `createBridge`; everything is done through handles. */
export interface Bridge extends AsyncDisposable {
  /** Sweeps what an earlier process left, takes its work over, and begins to receive, work and send. */
  start(): Promise<void>;
  /**
   * Ends in order: no new messages, no new claims; running attempts are aborted and given back
   * (`release`), sends in flight finish or are noted as unknown. The store stays open. Idempotent.
   */
  stop(): Promise<void>;
  /**
   * Replaces the routes, the limits and the rules of retention in one step. What is accepted from here on follows
   * the new ones; what was accepted before keeps the rules that are stored with it, and a turn that runs its
   * time limits. What is not given has its defaults, as in `createBridge`. Refused as a whole, with nothing changed.
   *
   * @throws BridgeError ROUTE_INVALID
   */
  reconfigure(to: Pick<BridgeParts, "routes" | "limits" | "retention">): void;
  /** The only way to tasks, events, cancel and resume. */
  as(principal: Principal): Handle;
}
