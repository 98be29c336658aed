import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandom, type OfferedTool, type Runner } from "@agent-bridge/core";
import {
  reactOptionsSchema,
  reactRunner,
  reactTurnOptionsSchema,
  type ReactTurnOptions,
} from "@agent-bridge/plugin-react-agent";
import {
  startStubModel,
  type StubModel,
  type StubModelOptions,
} from "@agent-bridge/testing/stub-model";

/** A stub model, and what it takes to make agents of it. */
export interface StubAgent extends AsyncDisposable {
  readonly model: StubModel;
  /** A folder of this test's own. */
  readonly folder: string;
  runner(more?: object, offered?: readonly OfferedTool[]): Runner<ReactTurnOptions>;
}

/** The options of a route, with defaults. */
export const turnOptions = (options: object = {}): ReactTurnOptions =>
  reactTurnOptionsSchema.parse(options);

/** The server with the tools of `fixtures/tool-server.mjs`. */
export const toolServer = {
  command: process.execPath,
  args: [join(import.meta.dirname, "fixtures/tool-server.mjs")],
};

/** Starts a stub model for agents whose server `box` has the test's tools. */
export async function startStubAgent(stub: StubModelOptions = {}): Promise<StubAgent> {
  const model = await startStubModel(stub);
  const folder = mkdtempSync(join(tmpdir(), "react-agent-"));
  return {
    model,
    folder,
    runner: (more = {}, offered = []) =>
      reactRunner(
        reactOptionsSchema.parse({
          baseUrl: `${model.url}/v1`,
          model: "stub-model",
          servers: { box: toolServer },
          ...more,
        }),
        { folder, random: systemRandom, tools: () => offered },
      ),
    [Symbol.asyncDispose]: async () => {
      await model[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
