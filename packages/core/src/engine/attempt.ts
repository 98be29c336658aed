import type { BudgetUnit } from "../contract/budget.ts";
import { BridgeError } from "../contract/errors.ts";
import type { ProcessRecord } from "../contract/runner.ts";
import type { Claim, ClaimNews } from "../contract/work.ts";
import type { TurnMeter } from "./turn-meter.ts";

/** Why a running attempt is ended from outside. The first cause counts. */
export type StopCause =
  | { readonly type: "cancel" }
  | { readonly type: "timeout"; readonly message: string }
  /** It went beyond its budget. */
  | { readonly type: "budget"; readonly unit: BudgetUnit }
  /** A planned end of this process: the attempt is given back. */
  | { readonly type: "shutdown" }
  /** Another attempt owns the task, or may: nothing is written any more. */
  | { readonly type: "lost" }
  /** The store does not take what the agent does. */
  | { readonly type: "store"; readonly message: string };

/** One claimed task while this process works on it. */
export class Attempt {
  readonly claim: Claim;
  /** When its lease was last known to hold, on the steady scale. */
  heldAt: number;
  /** The processes that its runner has announced. */
  readonly processes: ProcessRecord[] = [];
  /** Measures what it uses, from when its turn was counted; null without a budget. */
  meter: TurnMeter | null = null;
  readonly #controller = new AbortController();
  readonly #newsListeners = new Set<(news: ClaimNews) => void>();
  readonly #onFree: () => void;
  #stop: StopCause | null = null;
  #isWaiting = false;

  /** @param of.onFree called when it begins to wait for an answer */
  constructor(claim: Claim, of: { heldAt: number; onFree: () => void }) {
    this.claim = claim;
    this.heldAt = of.heldAt;
    this.#onFree = of.onFree;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Null while nobody asked it to stop. */
  get stopped(): StopCause | null {
    return this.#stop;
  }

  /** True while it waits for an answer and so uses no slot. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  set isWaiting(isWaiting: boolean) {
    this.#isWaiting = isWaiting;
    if (this.meter !== null) this.meter.isWaiting = isWaiting;
    if (isWaiting) this.#onFree();
  }

  stop(cause: StopCause): void {
    if (this.#stop !== null) return;
    this.#stop = cause;
    const { taskId, attempt } = this.claim;
    this.#controller.abort(
      cause.type === "lost"
        ? new BridgeError("CLAIM_LOST", { taskId, attempt })
        : new Error(`The attempt was ended: ${cause.type}.`),
    );
  }

  /** Takes what the store says about this claim. */
  take(news: ClaimNews): void {
    if (!news.held) this.stop({ type: "lost" });
    else if (news.cancelRequested) this.stop({ type: "cancel" });
    for (const listener of this.#newsListeners) listener(news);
  }

  onNews(listener: (news: ClaimNews) => void): Disposable {
    this.#newsListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#newsListeners.delete(listener) };
  }
}
