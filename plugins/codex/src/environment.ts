import { allowedEnvironment } from "@agent-bridge/process";
import type { CodexOptions } from "./plugin-options.ts";

/** The whole environment of Codex: the basic variables, its home, and what the options name. */
export function codexEnvironment(options: CodexOptions): Record<string, string> {
  return allowedEnvironment(process.env, {
    names: ["CODEX_HOME", ...options.envAllow],
    entries: {
      ...options.env,
      ...(options.home === undefined ? {} : { CODEX_HOME: options.home }),
    },
  });
}
