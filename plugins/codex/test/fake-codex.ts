import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger, systemClock, type Logger, type Runner } from "@agent-bridge/core";
import {
  brokenInvariants,
  recordTurn,
  turnIo,
  type RecordedTurn,
  type TurnIoOptions,
} from "@agent-bridge/testing/runner-conformance";
import { expect } from "vitest";
import { turnOptions } from "./real-codex.ts";
import { codexOptionsSchema, codexRunner, type CodexTurnOptions } from "../src/index.ts";

/** The program that takes Codex's place: see `fake-codex/codex.mjs`. */
export const fakeCodexPath = fileURLToPath(new URL("fake-codex/codex.mjs", import.meta.url));

/** A folder for a test file, and how to take it away. */
export function temporaryFolder(): {
  readonly folder: string;
  readonly remove: () => Promise<void>;
} {
  const folder = mkdtempSync(join(tmpdir(), "agent-bridge-codex-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A runner whose Codex is the fake one. `manner` is how it behaves from its start. */
export function fakeRunner(
  folder: string,
  {
    manner = "",
    logger = silentLogger,
  }: { readonly manner?: string; readonly logger?: Logger } = {},
): Runner<CodexTurnOptions> {
  const env = { FAKE_CODEX: manner, HOME: folder, CODEX_HOME: folder };
  const options = codexOptionsSchema.parse({ command: fakeCodexPath, env });
  return codexRunner(options, { clock: systemClock(), folder: join(folder, "plugin"), logger });
}

/** How a turn of the fake Codex differs from the ordinary. */
export interface FakeTurn extends TurnIoOptions {
  readonly manner?: string;
  readonly session?: string;
  readonly runner?: Runner<CodexTurnOptions>;
}

/** Runs one turn of the fake Codex, and checks what every turn keeps. */
export async function fakeTurn(
  folder: string,
  prompt: string,
  given: FakeTurn = {},
): Promise<RecordedTurn> {
  const { manner = "", session, runner = fakeRunner(folder, { manner }), ...io } = given;
  const turn = await recordTurn({
    runner,
    options: turnOptions(),
    prompt,
    session: session === undefined ? null : { id: session, state: {} },
    io: turnIo(io),
  });
  expect(brokenInvariants(turn)).toEqual([]);
  return turn;
}

/** The texts of a turn, in order. */
export function textsOf({ events }: RecordedTurn): string[] {
  return events.flatMap((event) => (event.type === "text" ? [event.text] : []));
}

/** The notices of a turn, in order. */
export function noticesOf({ events }: RecordedTurn): string[] {
  return events.flatMap((event) => (event.type === "notice" ? [event.text] : []));
}
