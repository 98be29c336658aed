import { isAbsolute } from "node:path";
import * as z from "zod";

/** A path that means the same wherever the daemon was started. */
export const absolutePath = z
  .string()
  .refine((path) => isAbsolute(path) && !path.includes("\0"), "must be an absolute path");

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable's name");
const variableRule = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, "must be a variable's name, or the beginning of one and *");

/** The options of the plugin: which Codex, with which login, and what of the environment reaches it. */
export const codexOptionsSchema = z.strictObject({
  /** The path of the binary. By default the one of `@openai/codex`, else `codex` on the PATH. */
  command: absolutePath.optional(),
  /** `CODEX_HOME`: login, settings and sessions. By default the daemon's own `CODEX_HOME`, else `~/.codex`. */
  home: absolutePath.optional(),
  /** Variables that Codex gets, with their values. */
  env: z.record(variableName, z.string()).default({}),
  /** Variables that Codex gets from the daemon's environment; `NAME*` takes all that begin so. */
  envAllow: z.array(variableRule).default([]),
});

/** The plugin's options as they are used. */
export type CodexOptions = z.output<typeof codexOptionsSchema>;
