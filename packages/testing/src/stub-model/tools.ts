import type { ToolRequest } from "./directives.ts";

/** A tool that the harness offers, as far as the model needs to know. */
export interface OfferedTool {
  readonly name: string;
  /** Takes free text instead of a JSON object. */
  readonly isFreeform: boolean;
  /** The group under which the harness knows the tool, where the protocol has groups. */
  readonly namespace?: string;
}

/** A tool call in the harness's own terms. */
export interface ToolCall {
  readonly name: string;
  readonly namespace?: string;
  /** Set for a JSON call. */
  readonly input?: Record<string, unknown>;
  /** Set for a freeform call. */
  readonly text?: string;
}

/** The shell tools of known harnesses and how each wants its command; the first that is offered is used. */
const shellTools: Readonly<Record<string, (command: string) => Record<string, unknown>>> = {
  exec_command: (cmd) => ({ cmd, yield_time_ms: 10_000 }),
  shell_command: (command) => ({ command }),
  shell: (command) => ({ command: ["bash", "-lc", command] }),
  bash: (command) => ({ command }),
};

/** Called when no known shell is offered; the harness will say that it does not know it. */
const firstShell = ["exec_command", (cmd: string) => ({ cmd })] as const;

/** Turns what a directive asks for into a call of a tool that the harness offers. */
export function toolCall(request: ToolRequest, offered: readonly OfferedTool[]): ToolCall {
  if (request.tool === "shell") return shellCall(request.command, offered);
  if (request.tool === "patch") return applyPatch(request.file, offered);
  const tool = offered.find((one) => fullName(one) === request.name);
  if (tool?.namespace === undefined) return { name: request.name, input: request.input };
  return { name: tool.name, namespace: tool.namespace, input: request.input };
}

function shellCall(command: string, offered: readonly OfferedTool[]): ToolCall {
  const known = Object.entries(shellTools);
  const [name, input] =
    known.find(([shell]) => offered.some((tool) => tool.name === shell)) ?? firstShell;
  return { name, input: input(command) };
}

function fullName(tool: OfferedTool): string {
  return tool.namespace === undefined ? tool.name : `${tool.namespace}__${tool.name}`;
}

function applyPatch(file: string, offered: readonly OfferedTool[]): ToolCall {
  const lines = [
    "*** Begin Patch",
    `*** Add File: ${file}`,
    "+written by the stub model",
    "*** End Patch",
    "",
  ];
  const text = lines.join("\n");
  const isFreeform = offered.some((tool) => tool.name === "apply_patch" && tool.isFreeform);
  return isFreeform
    ? { name: "apply_patch", text }
    : { name: "apply_patch", input: { input: text } };
}
