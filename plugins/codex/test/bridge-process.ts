/* Runs one turn of Codex and prints its mark when the first tool call is under way; made to be killed. */
import { setTimeout } from "node:timers/promises";
import { silentLogger, systemClock } from "@agent-bridge/core";
import { processesWith, recordTurn, turnIo } from "@agent-bridge/testing/runner-conformance";
import { codexOptionsSchema, codexRunner, codexTurnOptionsSchema } from "../src/index.ts";

const given = JSON.parse(process.argv[2] ?? "{}") as {
  readonly folder: string;
  readonly prompt: string;
  readonly command?: string;
  readonly home?: string;
  readonly options?: object;
};
const { folder, prompt, command, home = folder, options = {} } = given;
const settings = { home, env: { HOME: home }, ...(command === undefined ? {} : { command }) };
const io = turnIo();
await recordTurn({
  runner: codexRunner(codexOptionsSchema.parse(settings), {
    clock: systemClock(),
    folder,
    logger: silentLogger,
  }),
  options: codexTurnOptionsSchema.parse(options),
  prompt,
  io,
  onEvent: async ({ type }) => {
    if (type !== "tool_call") return;
    // The processes of the call come a little after its announcement.
    while ((await processesWith(io.markText)).length < 2) await setTimeout(10);
    process.stdout.write(`${JSON.stringify(io.mark)}\n`);
  },
});
