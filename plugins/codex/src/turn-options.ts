import { statSync } from "node:fs";
import { jsonSchema, type TurnLimits } from "@agent-bridge/core";
import { markVariable } from "@agent-bridge/process";
import * as z from "zod";
import { bridgeServerName } from "./bridge-server.ts";
import { absolutePath } from "./plugin-options.ts";

/** Settings of Codex that the runner sets itself, with what to use instead. */
const reservedSettings: Readonly<Record<string, string>> = {
  sandbox_mode: "use the option `sandbox`",
  approval_policy: "use the option `approvals`",
  [`mcp_servers.${bridgeServerName}`]:
    "use the option `bridge`, and `mcp_servers.NAME` for another server",
  approvals_reviewer: "questions go to people, through the bridge",
  "shell_environment_policy.inherit": "the model's shells get the core variables only",
  "shell_environment_policy.include_only": "it would hide the mark of the run from its shells",
  [`shell_environment_policy.set.${markVariable}`]: "it marks the processes of the run",
};

/** Codex's settings by dotted key, as after `codex -c`. */
const settings = z.record(z.string().min(1), jsonSchema).superRefine((given, context) => {
  for (const key of Object.keys(given)) {
    const reserved = Object.keys(reservedSettings).find((name) => overlaps(key, name));
    if (reserved === undefined) continue;
    const message = `${reserved} can not be set here: ${reservedSettings[reserved]}`;
    context.addIssue({ code: "custom", path: [key], message });
  }
});

function overlaps(key: string, reserved: string): boolean {
  return key === reserved || reserved.startsWith(`${key}.`) || key.startsWith(`${reserved}.`);
}

const positiveMs = z.int().positive();

/** The options of a route to the runner `codex`. */
export const codexTurnOptionsSchema = z.strictObject({
  /** What the model's commands may do. */
  sandbox: z.enum(["read-only", "workspace-write", "danger-full-access"]).default("read-only"),
  /** Where the turn works. By default an empty folder. */
  cwd: absolutePath.optional(),
  /** By default the one that Codex is set up with. */
  model: z.string().min(1).optional(),
  /**
   * When Codex asks: `never` (what the sandbox denies, fails), `on-request` (when the model wants more than
   * the sandbox allows), `untrusted` (before every command that is not known to only read).
   */
  approvals: z.enum(["never", "on-request", "untrusted"]).default("never"),
  startMs: positiveMs.optional(),
  idleMs: positiveMs.optional(),
  totalMs: positiveMs.optional(),
  /** More of Codex's settings, by dotted key: `{"model_reasoning_effort": "high"}`. */
  config: settings.default({}),
  /**
   * The beginnings of addresses, each with a `/` at its end, that the model may attach to its answer by a last line
   * `Attachment: NAME ADDRESS`. None by default: then such lines are text.
   */
  attachments: z
    .array(z.string().regex(/^[a-z][a-z\d+.-]*:\S*\/$/))
    .max(16)
    .default([]),
  /** Gives the model the bridge's own tools, as the run that it is. A route from `run` says what it may start. */
  bridge: z.boolean().default(false),
  /** Told to the model before the conversation begins, with the authority of the operator. */
  developerInstructions: z.string().min(1).optional(),
});

/** A route's options as they are used. */
export type CodexTurnOptions = z.output<typeof codexTurnOptionsSchema>;

/** Looks whether the folder of a route is there: a turn in one that is not would fail at once. */
export function checkOptions({
  cwd,
}: CodexTurnOptions): readonly { readonly option: string; readonly detail: string }[] {
  if (cwd === undefined) return [];
  const wrong = (detail: string) => [{ option: "cwd", detail: `${cwd} ${detail}` }];
  try {
    if (statSync(cwd).isDirectory()) return [];
    return wrong("is no folder. Name the folder that the turns are to work in.");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOENT") return wrong("does not exist. Make the folder, or name another.");
    return wrong(`can not be looked at (${code}).`);
  }
}

/** The time limits that the options set. */
export function limitsOf(options: CodexTurnOptions): Partial<TurnLimits> {
  const { startMs, idleMs, totalMs } = options;
  return {
    ...(startMs === undefined ? {} : { startMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(totalMs === undefined ? {} : { totalMs }),
  };
}
