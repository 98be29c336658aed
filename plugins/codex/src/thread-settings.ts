import type { BridgeServer, JsonObject, TurnIo } from "@agent-bridge/core";
import { formatMark, markVariable } from "@agent-bridge/process";
import { bridgeServerSettings } from "./bridge-server.ts";
import type { CodexTurnOptions } from "./turn-options.ts";

/** What `thread/start` and `thread/resume` are told alike: Codex does not remember it over a resume. */
export function threadSettings(
  options: CodexTurnOptions,
  {
    cwd,
    mark,
    bridge,
  }: {
    readonly cwd: string;
    readonly mark: TurnIo["mark"];
    readonly bridge: BridgeServer | undefined;
  },
): JsonObject {
  const { sandbox, approvals, model, config, developerInstructions } = options;
  return {
    cwd,
    sandbox,
    approvalPolicy: approvals,
    // Else the person's own settings could hand the decisions to a model.
    approvalsReviewer: "user",
    config: {
      // With it, a model server that can not be reached is waited for without an end.
      "features.unbounded_connection_retries": false,
      ...config,
      ...(bridge === undefined ? {} : bridgeServerSettings(bridge, mark)),
      // The model's shells get the core variables, what the person's settings add, and the mark: they run in
      // sessions of their own, where only the mark finds them.
      "shell_environment_policy.inherit": "core",
      "shell_environment_policy.include_only": [],
      [`shell_environment_policy.set.${markVariable}`]: formatMark(mark),
    },
    ...(model === undefined ? {} : { model }),
    ...(developerInstructions === undefined ? {} : { developerInstructions }),
  };
}
