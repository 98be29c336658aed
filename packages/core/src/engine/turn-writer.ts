import { describeError, isBridgeError } from "../contract/errors.ts";
import type { BridgeEvent, NewEvent } from "../contract/event.ts";
import type { RunnerEvent, Session } from "../contract/runner.ts";
import type { WorkWrite } from "../contract/work.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { pause } from "./loop.ts";
import type { EarlierTurns, PartialAnswer } from "./partial-answer.ts";
import { checkPlainData } from "../plain-data.ts";

/** Deltas are stored at most every so often: some twenty a second. */
const coalesceMs = 50;
/** Deltas waiting to be stored, in characters: more are stored at once. */
const maxWaiting = 16_384;
/** Stands once in the log of a task that has filled its share. */
const fullText =
  "The agent has filled its share of the log; what else it does is not recorded. Its answer is.";
/** Pauses between tries when the store refuses an append. */
const retryMs = [100, 400, 1600];
/** What of a session is kept. */
const sessionLimits = { bytes: 10 * 1024 * 1024, depth: 64 };

type Delta = Extract<NewEvent, { type: "turn.thinking" | "turn.text" }>;

/** What the log keeps even when a task has filled its share. */
const essential: ReadonlySet<RunnerEvent["type"]> = new Set([
  "session",
  "usage",
  "progress",
  "end",
]);

/** What tells that the agent did something. */
const acts: ReadonlySet<RunnerEvent["type"]> = new Set(["tool_call", "tool_result", "file_change"]);

function writeOf(event: Exclude<RunnerEvent, { type: "end" }>): WorkWrite {
  switch (event.type) {
    case "session":
      return {
        events: [{ type: "turn.session", data: { sessionId: event.session.id } }],
        session: event.session,
      };
    case "usage": {
      const { type: _, ...usage } = event;
      return { events: [{ type: "turn.usage", data: usage }], usage };
    }
    case "progress":
      // 1 is the completed task's own.
      return { events: [], progress: Math.min(0.99, Math.max(0, event.value)) };
    default: {
      const { type, ...data } = event;
      return { events: [{ type: `turn.${type}`, data } as NewEvent] };
    }
  }
}

const withText = (delta: Delta, text: string): Delta => ({
  ...delta,
  data: { ...delta.data, text },
});

/** Stores what a runner yields, in order: deltas in groups, everything else before the next event is taken. */
export class TurnWriter {
  readonly #engine: Engine;
  readonly #attempt: Attempt;
  readonly #openCalls = new Set<string>();
  #waiting: Delta[] = [];
  #waitingLength = 0;
  #timer: { stop(): void } | null = null;
  #tail: Promise<void> = Promise.resolve();
  #bytes = 0;
  #sessionId: string | null = null;
  readonly partial: PartialAnswer;
  /** True once a tool was called or a file changed: running the turn again could do things twice. */
  hasActed = false;

  constructor(engine: Engine, attempt: Attempt, earlier: EarlierTurns) {
    this.#engine = engine;
    this.#attempt = attempt;
    this.partial = earlier.partial;
    this.#bytes = earlier.notices.has(fullText) ? Number.POSITIVE_INFINITY : earlier.bytes;
  }

  /** Takes one event. Resolves when it is stored; for deltas, when it is in line. */
  async take(event: Exclude<RunnerEvent, { type: "end" }>): Promise<void> {
    if (acts.has(event.type)) this.hasActed = true;
    if ((event.type === "text" || event.type === "thinking") && event.delta)
      return await this.#takeDelta(event);
    const write = this.#measured(event, writeOf(event));
    for (const made of write.events) this.partial.add(made);
    if (event.type === "session") return await this.#takeSession(event.session, write);
    // A recorded call always gets its result, whatever share of the log is left.
    const closesCall = event.type === "tool_result" && this.#openCalls.delete(event.callId);
    if (!closesCall && this.#isFull(event)) return;
    if (event.type === "tool_call") this.#openCalls.add(event.callId);
    await this.write(write);
  }

  /** The write with what the turn has used, where it tells of that. */
  #measured(event: RunnerEvent, write: WorkWrite): WorkWrite {
    const { meter } = this.#attempt;
    if (meter === null || event.type !== "usage") return write;
    meter.count(event);
    return { ...write, spent: meter.take() };
  }

  /** Stores the session; its event only when it is another one than before. */
  async #takeSession(session: Session, write: WorkWrite): Promise<void> {
    checkPlainData("The session of the runner", session.state, sessionLimits);
    const isKnown = session.id === this.#sessionId;
    this.#sessionId = session.id;
    await this.write(isKnown ? { ...write, events: [] } : write);
  }

  /** Stores a write after everything taken before it. */
  async write(write: WorkWrite): Promise<void> {
    const isDeltasOnly = write.events.length === 0;
    const events = [...this.#takeWaiting(isDeltasOnly), ...write.events];
    const redacted = this.#engine.redactor.write({ ...write, events });
    const previous = this.#tail;
    const current = previous.then(async () => await this.#append(redacted));
    // One write that failed says nothing about those behind it.
    this.#tail = current.catch(() => undefined);
    await current;
  }

  /** Stores what is still in line, and closes the tool calls that have no result. */
  async end(): Promise<void> {
    const closing = [...this.#openCalls].map((callId): NewEvent => ({
      type: "turn.tool_result",
      data: { callId, status: "cancelled", output: null },
    }));
    this.#openCalls.clear();
    this.partial.endTurn();
    // What was held back comes to no end any more.
    closing.unshift(...this.#takeWaiting(false));
    if (closing.length > 0) await this.write({ events: closing });
    else await this.#tail;
  }

  async #takeDelta(event: Extract<RunnerEvent, { type: "text" | "thinking" }>): Promise<void> {
    const delta = { type: `turn.${event.type}`, data: { text: event.text, delta: true } } as Delta;
    this.partial.add(delta);
    if (this.#isFull(event)) return;
    const last = this.#waiting.at(-1);
    if (last?.type === delta.type) {
      this.#waiting[this.#waiting.length - 1] = {
        ...last,
        data: { text: last.data.text + event.text, delta: true },
      };
    } else {
      this.#waiting.push(delta);
    }
    this.#waitingLength += event.text.length;
    if (this.#waitingLength >= maxWaiting) return await this.write({ events: [] });
    this.#timer ??= this.#engine.clock.timer(coalesceMs, () => {
      // What can not be stored stops the attempt (see #append).
      this.write({ events: [] }).catch((error: unknown) =>
        this.#attempt.stop({ type: "store", message: describeError(error) }),
      );
    });
  }

  /** @param mayHold true when more of the last text may come: a secret that it may begin waits for its rest */
  #takeWaiting(mayHold: boolean): Delta[] {
    this.#timer?.stop();
    this.#timer = null;
    const waiting = this.#waiting;
    const last = waiting.at(-1);
    const text = last?.data.text ?? "";
    const held = mayHold ? this.#engine.redactor.unfinished(text) : 0;
    const kept = text.slice(text.length - held);
    this.#waiting = last === undefined || held === 0 ? [] : [withText(last, kept)];
    this.#waitingLength = held;
    if (last === undefined || held === 0) return waiting;
    const ready = text.slice(0, text.length - held);
    return [...waiting.slice(0, -1), ...(ready === "" ? [] : [withText(last, ready)])];
  }

  #isFull(event: RunnerEvent): boolean {
    if (essential.has(event.type) || this.#bytes < this.#engine.limits.logBytes) return false;
    if (this.#bytes !== Number.POSITIVE_INFINITY) {
      this.#bytes = Number.POSITIVE_INFINITY;
      this.#waiting.push({
        type: "turn.notice",
        data: { level: "warning", text: fullText },
      } as unknown as Delta);
    }
    return true;
  }

  /** Never rejects: what can not be stored ends the attempt. */
  async #append(write: WorkWrite): Promise<void> {
    const stored = await this.#store(write);
    for (const event of stored) this.#bytes += JSON.stringify(event.data).length;
    if (stored.length > 0) await this.#engine.failpoint("turn.event");
  }

  /** @returns what was stored; nothing when that ended the attempt */
  async #store(write: WorkWrite): Promise<readonly BridgeEvent[]> {
    for (const retryInMs of [...retryMs, null]) {
      if (this.#attempt.stopped?.type === "lost" || this.#attempt.stopped?.type === "store") break;
      try {
        return await this.#engine.store.work.append(this.#attempt.claim, write);
      } catch (error) {
        const isLost = isBridgeError(error, "CLAIM_LOST");
        if (isLost) this.#attempt.stop({ type: "lost" });
        else if (retryInMs === null) {
          this.#attempt.stop({ type: "store", message: describeError(error) });
        } else await pause(this.#engine.clock, retryInMs, this.#attempt.signal);
      }
    }
    return [];
  }
}
