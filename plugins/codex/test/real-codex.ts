import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, type Logger, type Runner } from "@agent-bridge/core";
import { codexHome, startStubModel, type CodexHomeOptions } from "@agent-bridge/testing/stub-model";
import type { StubModel } from "@agent-bridge/testing/stub-model";
import {
  codexOptionsSchema,
  codexRunner,
  codexTurnOptionsSchema,
  type CodexTurnOptions,
} from "../src/index.ts";

/** The real Codex with a home of its own and the stub model. */
export interface RealCodex extends AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly model: StubModel;
  runner(given?: { readonly options?: object; readonly logger?: Logger }): Runner<CodexTurnOptions>;
}

/** Sets up a home and starts the stub model. */
export async function realCodex(
  options: Partial<Omit<CodexHomeOptions, "modelUrl">> = {},
): Promise<RealCodex> {
  const folder = await mkdtemp(join(tmpdir(), "agent-bridge-codex-"));
  const model = await startStubModel();
  const home = await codexHome({ folder: join(folder, "home"), ...options, modelUrl: model.url });
  return {
    folder,
    home: home.folder,
    model,
    runner: ({ options: more = {}, logger = silentLogger } = {}) =>
      codexRunner(
        codexOptionsSchema.parse({ home: home.folder, env: { HOME: home.folder }, ...more }),
        {
          clock: systemClock(),
          folder: join(folder, "plugin"),
          logger,
        },
      ),
    [Symbol.asyncDispose]: async () => {
      await model.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A route's options, as the table would read them. */
export function turnOptions(options: object = {}): CodexTurnOptions {
  return codexTurnOptionsSchema.parse(options);
}
