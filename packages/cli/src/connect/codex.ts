import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Surroundings } from "../surroundings.ts";
import type { Client, ConnectChoice, Plan } from "./change.ts";
import { readClientFile, replaceClientFile } from "./client-file.ts";
import { diff } from "./diff.ts";
import { mergedEnv, serverName, type McpEntry } from "./entry.ts";
import {
  hasSettings,
  readTable,
  removeTable,
  setInTable,
  tableText,
  type TomlSetting,
} from "./toml-table.ts";

/** Codex waits 10 s for a server's start by default: a daemon that ends a crash's remains first takes longer. */
const startSeconds = 60;
/** And at most so long for a call: the longest wait of a tool is 280 s. */
const callSeconds = 300;

/**
 * Codex reads its servers from one file. It is edited here, also where Codex has a command for it: that command
 * knows no time-outs.
 */
export function codexClient(
  surroundings: Surroundings,
  entry: McpEntry,
  { approve }: ConnectChoice,
): Client {
  const file = configFile(surroundings.env);
  const path = ["mcp_servers", serverName];
  const place = { file, path };
  return {
    title: "Codex",
    snippet: () =>
      tableText(path, settings(entry, {}, approve))
        .trimEnd()
        .split("\n"),
    add: () => {
      const before = readClientFile(file);
      const found = readTable(before ?? "", place) ?? {};
      const wanted = settings(entry, found["env"], approve);
      if (hasSettings(found, wanted)) return { state: "done", file };
      return plan({ path: file, before, after: setInTable(before ?? "", place, wanted) });
    },
    remove: () => {
      const before = readClientFile(file);
      if (before === undefined || readTable(before, place) === undefined) {
        return { state: "done", file };
      }
      return plan({ path: file, before, after: removeTable(before, place) });
    },
  };
}

function configFile(env: Surroundings["env"]): string {
  const home = env["CODEX_HOME"];
  const folder = home !== undefined && isAbsolute(home) ? home : join(homedir(), ".codex");
  return join(folder, "config.toml");
}

function settings(
  entry: McpEntry,
  env: unknown,
  approve: boolean,
): Record<string, TomlSetting | undefined> {
  const found = typeof env === "object" && env !== null ? env : {};
  const merged = mergedEnv(found as Record<string, unknown>, entry) as Record<string, string>;
  return {
    command: entry.command,
    args: entry.args,
    env: Object.keys(merged).length === 0 ? undefined : merged,
    startup_timeout_sec: startSeconds,
    tool_timeout_sec: callSeconds,
    // Only if wanted: whoever has written it by hand keeps it.
    ...(approve ? { default_tools_approval_mode: "approve" } : {}),
  };
}

function plan(edit: {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string;
}): Plan {
  return {
    state: "open",
    file: edit.path,
    shown: diff(edit.path, edit.before ?? "", edit.after),
    question: `Change ${edit.path} so?`,
    apply: async () => {
      const backup = replaceClientFile(edit);
      return await Promise.resolve(backup === undefined ? [] : [`As it was: ${backup}`]);
    },
  };
}
