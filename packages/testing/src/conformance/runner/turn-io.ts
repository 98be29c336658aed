import { randomBytes } from "node:crypto";
import {
  silentLogger,
  type Answer,
  type Logger,
  type ProcessRecord,
  type QuestionText,
  type TurnIo,
} from "@agent-bridge/core";

/** What the fake bridge does when it is called. */
export interface TurnIoOptions {
  readonly taskId?: string;
  readonly attempt?: number;
  readonly logger?: Logger;
  /** Called by `begins`, which rejects with what this throws. */
  readonly onBegins?: () => void | Promise<void>;
  /** Called by `spawned`, which rejects with what this throws. */
  readonly onSpawned?: (process: ProcessRecord) => void | Promise<void>;
  /** Answers questions; by default everything is declined. */
  readonly answer?: (question: QuestionText) => Answer | Promise<Answer>;
}

/** A `TurnIo` without a bridge: it keeps what it was told, and is aborted by hand. */
export interface RecordedTurnIo extends TurnIo {
  /** What the runner called, in order. */
  readonly calls: readonly ("begins" | "spawned" | "ask")[];
  readonly processes: readonly ProcessRecord[];
  readonly questions: readonly QuestionText[];
  /** The text by which the environment of every process of this turn is known. */
  readonly markText: string;
  abort(reason?: unknown): void;
}

/** Makes a `TurnIo` for one turn, under a mark that no other has. */
export function turnIo(options: TurnIoOptions = {}): RecordedTurnIo {
  const { taskId = `task_${id()}`, attempt = 1 } = options;
  const stateId = `state_${id()}`;
  const controller = new AbortController();
  const calls: ("begins" | "spawned" | "ask")[] = [];
  const processes: ProcessRecord[] = [];
  const questions: QuestionText[] = [];
  return {
    calls,
    processes,
    questions,
    markText: `${stateId}:${taskId}:${attempt}`,
    abort: (reason) => {
      controller.abort(reason ?? new Error("the test aborted the turn"));
    },
    signal: controller.signal,
    logger: options.logger ?? silentLogger,
    mark: { stateId, taskId, attempt },
    begins: async () => {
      calls.push("begins");
      await options.onBegins?.();
    },
    spawned: async (process) => {
      calls.push("spawned");
      processes.push(process);
      await options.onSpawned?.(process);
    },
    ask: async (question) => {
      calls.push("ask");
      questions.push(question);
      return (await options.answer?.(question)) ?? { action: "decline" };
    },
  };
}

function id(): string {
  return randomBytes(8).toString("hex");
}
