import type { BridgeEvent } from "@agent-bridge/core";
import { advance, describeProgress, noProgress, type Progress } from "./render/progress.ts";
import type { Output } from "./surroundings.ts";

const redrawMs = 500;
/** A narrower terminal wraps the line. */
const minWidth = 40;
const clear = "\r\u001b[K";

/** The one line at the foot of a terminal that tells how a task goes on. Draws nothing where there is none. */
export class LiveLine implements Disposable {
  readonly #output: Output | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #progress: Progress = noProgress;

  constructor(output: Output) {
    if (output.isTTY !== true) return;
    this.#output = output;
    this.#timer = setInterval(() => this.#draw(), redrawMs);
  }

  /** Prints through `print` above the line, and goes on with what the event tells. */
  show(event: BridgeEvent, print: () => void): void {
    this.#progress = advance(this.#progress, event);
    this.#output?.write(clear);
    print();
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#output?.write(clear);
  }

  #draw(): void {
    const output = this.#output;
    if (output === undefined) return;
    // A terminal that does not know its width says 0.
    const width = Math.max(output.columns ?? 0, minWidth);
    const text = describeProgress(this.#progress, Date.now()).slice(0, width - 1);
    output.write(`${clear}${text}`);
  }
}
