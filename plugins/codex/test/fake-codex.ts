import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger, systemClock, type Logger, type Runner } from "@agent-bridge/core";
import { codexOptionsSchema, codexRunner, type CodexTurnOptions } from "../src/index.ts";

/** The program that takes Codex's place: see `fake-codex/codex.mjs`. */
export const fakeCodexPath = fileURLToPath(new URL("fake-codex/codex.mjs", import.meta.url));

/** A folder for a test file, and how to take it away. */
export function temporaryFolder(): { readonly folder: string; remove(): Promise<void> } {
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
