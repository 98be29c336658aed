import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  silentLogger,
  systemClock,
  type Logger,
  type Runner,
  type RunnerEvent,
  type Session,
} from "@agent-bridge/core";
import {
  brokenInvariants,
  recordTurn,
  turnIo,
  type RecordedTurn,
  type RecordedTurnIo,
} from "@agent-bridge/testing/runner-conformance";
import { expect } from "vitest";
import { codexHome, startStubModel, type CodexHomeOptions } from "@agent-bridge/testing/stub-model";
import type { StubModel } from "@agent-bridge/testing/stub-model";
import {
  codexOptionsSchema,
  codexRunner,
  codexTurnOptionsSchema,
  type CodexTurnOptions,
} from "../src/index.ts";

/** How a turn differs from the ordinary. */
interface RealTurn {
  /** The route's options. */
  readonly options?: object;
  /** The plugin's options. */
  readonly plugin?: object;
  readonly session?: Session;
  readonly io?: RecordedTurnIo;
  readonly sender?: string;
  readonly onEvent?: (event: RunnerEvent, io: RecordedTurnIo) => void | Promise<void>;
}

/** The real Codex with a home of its own and the stub model. */
export interface RealCodex extends AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly model: StubModel;
  readonly runner: (given?: {
    readonly options?: object;
    readonly logger?: Logger;
  }) => Runner<CodexTurnOptions>;
  /** Runs one turn, and checks what every turn keeps. */
  readonly turn: (prompt: string, given?: RealTurn) => Promise<RecordedTurn>;
}

/** Sets up a home and starts the stub model. */
export async function realCodex(
  options: Partial<Omit<CodexHomeOptions, "modelUrl">> = {},
): Promise<RealCodex> {
  const folder = await mkdtemp(join(tmpdir(), "agent-bridge-codex-"));
  const model = await startStubModel();
  const home = await codexHome({ folder: join(folder, "home"), ...options, modelUrl: model.url });
  const runner: RealCodex["runner"] = ({ options: more = {}, logger = silentLogger } = {}) => {
    const settings = { home: home.folder, env: { HOME: home.folder }, ...more };
    const context = { clock: systemClock(), folder: join(folder, "plugin"), logger };
    return codexRunner(codexOptionsSchema.parse(settings), context);
  };
  const turn: RealCodex["turn"] = async (prompt, given = {}) => {
    const { plugin = {}, session = null, io = turnIo(), sender = "someone", onEvent } = given;
    const recorded = await recordTurn({
      runner: runner({ options: plugin }),
      options: turnOptions(given.options),
      prompt,
      session,
      io,
      provenance: { kind: "peer_agent", channel: "molecule", workspace: "w1", sender },
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    expect(brokenInvariants(recorded)).toEqual([]);
    return recorded;
  };
  const dispose = async (): Promise<void> => {
    await model.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, home: home.folder, model, runner, turn, [Symbol.asyncDispose]: dispose };
}

/** A route's options, as the table would read them. */
export function turnOptions(options: object = {}): CodexTurnOptions {
  return codexTurnOptionsSchema.parse(options);
}

/** What the first tool of a turn printed. */
export function printed({ events }: RecordedTurn): string {
  const result = events.find((event) => event.type === "tool_result");
  return typeof result?.output === "string" ? result.output : "";
}
