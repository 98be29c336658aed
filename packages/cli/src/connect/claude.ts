import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { BridgeError } from "@agent-bridge/core";
import * as z from "zod";
import type { Surroundings } from "../surroundings.ts";
import type { Client, ConnectChoice, Plan } from "./change.ts";
import { readClientFile } from "./client-file.ts";
import { mergedEnv, serverName, type McpEntry } from "./entry.ts";
import { commandText, findProgram, runProgramOf } from "./client-program.ts";

const serverSchema = z.looseObject({
  command: z.string().optional(),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
});
const stateSchema = z.looseObject({
  mcpServers: z.record(z.string(), z.unknown()).default({}),
});

/**
 * Claude Code keeps its servers, with much else, in a file that it rewrites while it runs: the file is only read
 * here, and changed by Claude's own command. The entry is the user's, for all projects.
 */
export function claudeClient(
  surroundings: Surroundings,
  entry: McpEntry,
  { approve }: ConnectChoice,
): Client {
  if (approve) {
    const detail =
      "Claude Code keeps its permissions apart from its servers: use its `/permissions`.";
    throw new BridgeError("INPUT_INVALID", { what: "--approve", detail });
  }
  const file = stateFile(surroundings.env);
  const plan = (commands: readonly (readonly string[])[]): Plan => ({
    state: "open",
    file,
    shown: commands.map((args) => commandText(["claude", ...args])),
    question: commands.length === 1 ? "Run it?" : "Run them?",
    apply: async (signal) => {
      const program = findProgram("claude", surroundings.env);
      if (program === undefined) {
        const detail = "it is not on the PATH. Run the command where it is.";
        throw new BridgeError("CONFIG_INVALID", { file: "The command claude", detail });
      }
      for (const args of commands) {
        await runProgramOf(program, { args, env: surroundings.env, signal });
      }
      return [];
    },
  });
  return {
    title: "Claude Code",
    snippet: () => [commandText(["claude", ...addArgs(entry)])],
    add: () => {
      const found = readServer(file);
      if (found === undefined) return plan([addArgs(entry)]);
      const server = serverSchema.safeParse(found).data ?? { args: [], env: {} };
      const wanted = { ...entry, env: mergedEnv(server.env, entry) as McpEntry["env"] };
      const { command, args, env } = server;
      // What else stands there goes with the removal: Claude's command refuses a name that it has.
      if (isDeepStrictEqual({ command, args, env }, { ...wanted })) return { state: "done", file };
      return plan([removeArgs, addArgs(wanted)]);
    },
    remove: () => (readServer(file) === undefined ? { state: "done", file } : plan([removeArgs])),
  };
}

function addArgs({ command, args, env }: McpEntry): readonly string[] {
  const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  return ["mcp", "add", "--scope", "user", serverName, ...variables, "--", command, ...args];
}

const removeArgs = ["mcp", "remove", "--scope", "user", serverName];

function stateFile(env: Surroundings["env"]): string {
  const folder = env["CLAUDE_CONFIG_DIR"];
  return join(folder !== undefined && isAbsolute(folder) ? folder : homedir(), ".claude.json");
}

function readServer(file: string): unknown {
  const text = readClientFile(file);
  if (text === undefined) return undefined;
  try {
    return stateSchema.parse(JSON.parse(text)).mcpServers[serverName];
  } catch (error) {
    const detail = "it is not what Claude Code writes. Start `claude` once, which mends it.";
    throw new BridgeError("CONFIG_INVALID", { file, detail }, { cause: error });
  }
}
