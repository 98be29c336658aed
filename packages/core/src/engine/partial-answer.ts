import type { BridgeEvent, EventType, NewEvent } from "../contract/event.ts";
import type { Scope } from "../contract/principal.ts";
import type { Log } from "../contract/log.ts";
import { cutBytes } from "../plain-data.ts";

/**
 * What an agent had said so far: its last final answer, else its last whole text, else the unfinished
 * text; never thinking or tool output.
 */
export class PartialAnswer {
  #final: string | null = null;
  #whole: string | null = null;
  #unfinished = "";
  /** True when the unfinished text is of a turn that has ended. */
  #isOver = false;
  readonly #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes one event of the task, in order. */
  add(event: NewEvent): void {
    const { type, data } = event;
    if (type === "task.started") this.endTurn();
    if (type === "turn.final_answer") this.#final = data.output;
    if (type !== "turn.text") return;
    if (!data.delta) {
      this.#whole = data.text;
      this.#unfinished = "";
      return;
    }
    if (this.#isOver) this.#unfinished = "";
    this.#isOver = false;
    if (this.#unfinished.length < this.#limitBytes) this.#unfinished += data.text;
  }

  /** A turn has ended: what the next one says does not go on from an unfinished text. */
  endTurn(): void {
    this.#isOver = true;
  }

  /** Null when it had said nothing; at most as many bytes as an answer may have. */
  get text(): string | null {
    const text = this.#final ?? this.#whole ?? this.#unfinished;
    return text === "" ? null : cutBytes(text, this.#limitBytes);
  }
}

const textTypes = ["task.started", "turn.text", "turn.final_answer"] as const;

/** A task's events, page by page. */
async function* eventsOf(
  log: Log,
  filter: { readonly taskId: string; readonly types?: readonly EventType[] },
): AsyncGenerator<BridgeEvent, void> {
  const scope: Scope = { all: true };
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<Log["read"]>> = await log.read({
      ...filter,
      scope,
      after,
      limit: 200,
    });
    yield* page.events;
    if (page.atHead) return;
    after = page.next;
  }
}

/** Reads the partial answer of a task from its events. */
export async function readPartialAnswer(
  log: Log,
  taskId: string,
  limitBytes: number,
): Promise<PartialAnswer> {
  const partial = new PartialAnswer(limitBytes);
  for await (const event of eventsOf(log, { taskId, types: textTypes })) partial.add(event);
  return partial;
}

/** What earlier attempts of a task have left in its log. */
export interface EarlierTurns {
  readonly partial: PartialAnswer;
  /** What their events take, about. */
  readonly bytes: number;
  /** The texts of their notices. */
  readonly notices: ReadonlySet<string>;
}

/** Reads what earlier attempts of a task have left. */
export async function readEarlierTurns(
  log: Log,
  taskId: string,
  limitBytes: number,
): Promise<EarlierTurns> {
  const partial = new PartialAnswer(limitBytes);
  const notices = new Set<string>();
  let bytes = 0;
  for await (const event of eventsOf(log, { taskId })) {
    partial.add(event);
    bytes += JSON.stringify(event.data).length;
    if (event.type === "turn.notice") notices.add(event.data.text);
  }
  return { partial, bytes, notices };
}
