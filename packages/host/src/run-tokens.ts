import { createHash, randomBytes } from "node:crypto";

/** What a run that may use the bridge is known by, as long as it lasts. */
export interface RunGrant extends Disposable {
  /** A secret; only its hash is kept. */
  readonly token: string;
}

/** A run that showed its token. */
export interface KnownRun {
  readonly taskId: string;
  /** Aborts when the run has ended: what it had open ends with it. */
  readonly signal: AbortSignal;
}

/** The tokens of the runs that are under way. They end with the run, and with the process. */
export class RunTokens {
  readonly #runs = new Map<string, { readonly taskId: string; readonly ending: AbortController }>();

  /** Makes a token for one run of a task. Disposing the grant ends it. */
  grant(taskId: string): RunGrant {
    const token = randomBytes(32).toString("hex");
    const hash = hashOf(token);
    const ending = new AbortController();
    this.#runs.set(hash, { taskId, ending });
    return {
      token,
      [Symbol.dispose]: () => {
        this.#runs.delete(hash);
        ending.abort(new Error("The run has ended."));
      },
    };
  }

  /** The run of a token; undefined for one that never was, or has ended. */
  find(token: string): KnownRun | undefined {
    const run = this.#runs.get(hashOf(token));
    return run === undefined ? undefined : { taskId: run.taskId, signal: run.ending.signal };
  }
}

/** The look-up is by hash, so its time tells nothing of the token. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
