import type { Budget, BudgetState, Spent } from "./budget.ts";
import type { BridgeEvent, NewEvent, StartCause } from "./event.ts";
import type { Ending } from "./intake.ts";
import type { Json } from "./json.ts";
import type { Answer, Question, QuestionText } from "./question.ts";
import type { TaskRules } from "./route.ts";
import type { ProcessRecord, Provenance, Session } from "./runner.ts";
import type { Task, Usage } from "./task.ts";

/** A worker: a process on a node. `boot` differs at every start of that node's daemon. */
export interface WorkerId {
  readonly node: string;
  readonly boot: string;
}

/** The right to work on a task: everything that a turn needs, and the fencing number. */
export interface Claim {
  readonly taskId: string;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly task: Task;
  readonly cause: StartCause;
  readonly rules: TaskRules;
  readonly provenance: Provenance;
  readonly questions: "ask" | "decline";
  readonly hasDestination: boolean;
  /** The session of this conversation and runner; null if none is stored. */
  readonly session: Session | null;
  /** True when an attempt announced effects (`begins`) and none was suspended after that. */
  readonly begun: boolean;
  /** A question that was open live when the earlier attempt ended: to be closed as void. */
  readonly openQuestion: Question | null;
  /**
   * For a suspended task: what it left and what was answered (a passed deadline is a "decline"). Given to
   * each attempt until one begins, asks or suspends.
   */
  readonly answered: { readonly answer: Answer; readonly state: Json } | null;
}

/** What names a claim in every write. */
export type ClaimRef = Pick<Claim, "taskId" | "attempt">;

/** One write of a running attempt: all in one transaction. */
export interface WorkWrite {
  readonly events: readonly NewEvent[];
  /** Replaces the conversation's session of this runner. */
  readonly session?: Session;
  readonly usage?: Usage;
  readonly progress?: number;
  /** From here on effects are possible. */
  readonly begins?: true;
  readonly process?: ProcessRecord;
  /**
   * Opens a live question: `input_required`, with `task.input_required`; `text` goes to the destination if
   * there is one. A turn has one question at a time: one that is still open is closed as void.
   */
  readonly ask?: NewQuestion;
  /** Closes the live question as expired or void, with `turn.answer`; back to `running`. One that is no longer open is left as it is. */
  readonly close?: { readonly questionId: string; readonly state: "expired" | "void" };
  readonly spent?: Spent;
}

/** A question to store. `turn.question` and `task.input_required` are appended with it. */
export interface NewQuestion extends QuestionText {
  readonly id: string;
  readonly deadlineMs: number;
  /** What the person is sent; null to send nothing. */
  readonly text: string | null;
}

/** What a worker has to know of its claims between writes. A task that does not exist is held by nobody. */
export interface ClaimNews {
  readonly taskId: string;
  readonly attempt: number;
  /** False: another attempt, or none, owns the task now. */
  readonly held: boolean;
  readonly cancelRequested: boolean;
  /** The newest question of this attempt, as it now is: also when its deadline has passed unrecorded. */
  readonly question: Question | null;
}

/** The work: claims and what is written under them. Every write is refused with CLAIM_LOST when the claim is not the task's own. */
export interface Work {
  /**
   * Takes the oldest claimable tasks of these runners. Claimable: pending; open without a live lease and
   * not suspended; suspended with an answer or a passed deadline; and no earlier task of the same
   * conversation open. A task that was cancelled waits neither for an answer nor for a release's pause. A
   * suspended question that is still open is recorded as expired, with `turn.answer`. No task is ever claimed by two at once; a conversation has at most one claimed task.
   * Appends `task.started` in the same transaction. Raises `attempt`; raises `crashes` when a lease was
   * lost without release. A task that waits for a
   * question is not counted by callers as running, but still blocks its conversation.
   *
   * @param request.leaseMs until another worker may claim it, unless renewed
   * @param request.limit the most claims to give
   */
  claim(request: {
    readonly worker: WorkerId;
    readonly runners: readonly string[];
    readonly leaseMs: number;
    readonly limit: number;
  }): Promise<readonly Claim[]>;
  /**
   * Renews what its attempt still owns, whatever its age; a claim that another took since, or that was
   * forfeited or ended, is refused alone. @returns the news of each, in order
   */
  renew(claims: readonly ClaimRef[], leaseMs: number): Promise<readonly ClaimNews[]>;
  /** The same news without renewing. */
  news(claims: readonly ClaimRef[]): Promise<readonly ClaimNews[]>;
  /**
   * Appends events and what goes with them. Calls of one turn of the event loop share a commit; a
   * refused one fails alone.
   *
   * @returns the stored events, in order
   * @throws BridgeError CLAIM_LOST
   */
  append(claim: ClaimRef, write: WorkWrite): Promise<readonly BridgeEvent[]>;
  /**
   * Lets a turn begin on a budget: looks at it and counts the turn, in one transaction, so that many workers never
   * begin more turns than it has. A task's turn is counted once: in a later attempt only the other units can be
   * used up. What is already spent when a turn begins stops it; what running turns spend is known when they tell.
   *
   * @throws BridgeError CLAIM_LOST
   */
  charge(claim: ClaimRef, budget: Budget): Promise<BudgetState>;
  /**
   * Ends the attempt until the question is answered; the task is `input_required` and holds no lease. Of a
   * cancelled task nothing is asked: it is given back.
   *
   * @throws BridgeError CLAIM_LOST
   */
  suspend(
    claim: ClaimRef,
    suspension: {
      readonly question: NewQuestion;
      readonly state: Json;
      readonly events: readonly NewEvent[];
      readonly spent?: Spent;
    },
  ): Promise<void>;
  /** Gives the task back unfinished, status `running`, not counted as a crash. @param notBeforeMs from now, until when nobody claims it @throws BridgeError CLAIM_LOST */
  release(
    claim: ClaimRef,
    options?: { readonly notBeforeMs?: number; readonly spent?: Spent },
  ): Promise<void>;
  /**
   * Ends the task: the events, an open question as void, then the terminal event, status, output, history,
   * and the reply to its destination, in one transaction. When a cancel was requested, `ifCancelled` is
   * recorded instead of `ending`; the events are kept.
   *
   * @throws BridgeError CLAIM_LOST
   */
  finish(
    claim: ClaimRef,
    result: {
      readonly events: readonly NewEvent[];
      readonly ending: Ending;
      readonly ifCancelled: Ending;
      readonly spent?: Spent;
    },
  ): Promise<Task>;
  /**
   * Ends the leases of earlier boots of this worker's node, also the named ones, and their hold on replies in
   * `sending`; the next claim counts a crash. Only called when the node's own lock proves that they are dead and their processes were swept.
   *
   * @returns how many tasks were set free
   */
  forfeit(worker: WorkerId): Promise<number>;
  /** The processes stored by the last attempts of open tasks, claimed by this node and not given back, for the sweep. */
  processes(node: string): Promise<readonly (ProcessRecord & ClaimRef)[]>;
}
