import type { Runner, RunnerEnd, RunnerEvent, Session, Turn } from "@agent-bridge/core";
import { processesWith, type MarkedProcess } from "./marked-processes.ts";
import { turnIo, type RecordedTurnIo } from "./turn-io.ts";

/** One turn to be run and recorded. */
export interface TurnRequest<O> {
  readonly runner: Runner<O>;
  readonly options: O;
  readonly prompt: string;
  readonly session?: Session | null;
  /** The answer to the question that an earlier turn ended with, and the state that it left. */
  readonly answered?: Turn["answered"];
  readonly io?: RecordedTurnIo;
  readonly provenance?: Turn["provenance"];
  /** Called for every event before the next one is asked for. */
  readonly onEvent?: (event: RunnerEvent, io: RecordedTurnIo) => void | Promise<void>;
  /** Stops reading after the event of which this is true, as a bridge that gives up would. */
  readonly leaveAt?: (event: RunnerEvent) => boolean;
  /** How long the turn may take before it counts as hanging; 30 s by default. */
  readonly limitMs?: number;
}

/** Everything that came of a turn. */
export interface RecordedTurn {
  readonly events: readonly RunnerEvent[];
  /** The first end event; `undefined` if there was none. */
  readonly end: RunnerEnd | undefined;
  /** What `run` threw; it must not. */
  readonly thrown: unknown;
  /** The processes with the mark of the turn that were still there when it had ended. */
  readonly leftBehind: readonly MarkedProcess[];
  /** Milliseconds from the abort to the end; `undefined` without an abort. */
  readonly abortMs: number | undefined;
  readonly io: RecordedTurnIo;
}

const who: Turn["provenance"] = {
  kind: "prompt",
  channel: null,
  workspace: "local",
  sender: "conformance",
};

/** Runs a turn to its end, records it, and looks for what it left behind. Rejects only when the turn hangs. */
export async function recordTurn<O>(request: TurnRequest<O>): Promise<RecordedTurn> {
  const { runner, options, prompt, io = turnIo(), limitMs = 30_000 } = request;
  let abortedAt: number | undefined;
  io.signal.addEventListener("abort", () => (abortedAt = performance.now()), { once: true });
  const events: RunnerEvent[] = [];
  const { taskId, attempt } = io.mark;
  const turn: Turn<O> = {
    taskId,
    attempt,
    prompt,
    options,
    session: request.session ?? null,
    answered: request.answered ?? null,
    provenance: request.provenance ?? who,
  };
  const read = async (): Promise<unknown> => {
    try {
      for await (const event of runner.run(turn, io)) {
        events.push(event);
        await request.onEvent?.(event, io);
        if (request.leaveAt?.(event) === true) break;
      }
      return undefined;
    } catch (error) {
      return error ?? new Error("nothing");
    }
  };
  const thrown = await within(read(), limitMs, () => {
    io.abort(new Error("the turn hangs"));
    return `The turn did not end within ${limitMs} ms. Its last event: ${JSON.stringify(events.at(-1))}`;
  });
  const end = events.find((event): event is RunnerEnd => event.type === "end");
  const abortMs = abortedAt === undefined ? undefined : performance.now() - abortedAt;
  return { events, end, thrown, abortMs, io, leftBehind: await processesWith(io.markText) };
}

async function within<T>(promise: Promise<T>, ms: number, onLate: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(onLate()));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
