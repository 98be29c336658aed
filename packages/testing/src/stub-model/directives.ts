/** What the model asks its harness to call. */
export type ToolRequest =
  | { readonly tool: "shell"; readonly command: string }
  | { readonly tool: "patch"; readonly file: string }
  | { readonly tool: "named"; readonly name: string; readonly input: Record<string, unknown> };

/** What ends one model call. `times` limits a failure to the first attempts; without it, it always fails. */
export type Ending =
  | { readonly end: "message" }
  | { readonly end: "call"; readonly request: ToolRequest }
  | { readonly end: "http"; readonly status: number; readonly times?: number }
  | { readonly end: "cut"; readonly times?: number }
  | { readonly end: "hang"; readonly times?: number }
  | { readonly end: "silent"; readonly times?: number }
  | { readonly end: "fail"; readonly code: string; readonly times?: number };

/** One model call: what it thinks and says, and how it ends. */
export interface Step {
  readonly think: readonly string[];
  readonly say: readonly string[];
  /** Milliseconds between two deltas. */
  readonly slowMs: number;
  readonly ending: Ending;
}

/** A directive either adds to the call that is being described, or ends it. */
type Directive =
  | { readonly adds: (text: string) => Partial<Pick<Step, "think" | "say" | "slowMs">> }
  | { readonly ends: (text: string) => Ending };

/** `[[name text]]` in a prompt, by name. */
export const directives = {
  think: { adds: (text) => ({ think: [text] }) },
  say: { adds: (text) => ({ say: [text] }) },
  slow: { adds: (text) => ({ slowMs: numberIn(text, 100) }) },
  shell: { ends: (command) => ({ end: "call", request: { tool: "shell", command } }) },
  patch: {
    ends: (file) => ({ end: "call", request: { tool: "patch", file: file || "stub-patch.txt" } }),
  },
  tool: { ends: (text) => ({ end: "call", request: namedTool(text) }) },
  http: { ends: (text) => ({ end: "http", status: numberIn(text, 500), ...timesIn(text) }) },
  cut: { ends: (text) => ({ end: "cut", ...timesIn(text) }) },
  hang: { ends: (text) => ({ end: "hang", ...timesIn(text) }) },
  silent: { ends: (text) => ({ end: "silent", ...timesIn(text) }) },
  fail: {
    ends: (text) => ({
      end: "fail",
      code: /^(?!x\d+$)[a-z]\w+/.exec(text)?.[0] ?? "server_error",
      ...timesIn(text),
    }),
  },
} as const satisfies Record<string, Directive>;

const table: Readonly<Record<string, Directive>> = directives;
const emptyStep: Step = { think: [], say: [], slowMs: 0, ending: { end: "message" } };

/**
 * The model calls that a prompt describes, in order; none without a directive. Lines that begin with `>` are
 * quotations of other messages and direct nothing. Names that the table does not know are ordinary text.
 *
 * @throws SyntaxError when the input of a `tool` directive is not a JSON object
 */
export function readDirectives(prompt: string): Step[] {
  const own = prompt
    .split("\n")
    .filter((line) => !line.startsWith(">"))
    .join("\n");
  const steps: Step[] = [];
  let step = emptyStep;
  for (const { name, text } of bracketed(own)) {
    const directive = Object.hasOwn(table, name) ? table[name] : undefined;
    if (directive === undefined) continue;
    if ("adds" in directive) step = join(step, directive.adds(text));
    else {
      steps.push({ ...step, ending: directive.ends(text) });
      step = emptyStep;
    }
  }
  return step === emptyStep ? steps : [...steps, step];
}

/** What stands in double brackets. Brackets within a text count, so that it may hold JSON and shell tests. */
function bracketed(prompt: string): { name: string; text: string }[] {
  const found = [];
  const opening = /\[\[(\w+)(?=\s|\]\])/g;
  for (let match = opening.exec(prompt); match !== null; match = opening.exec(prompt)) {
    const end = closingBrackets(prompt, opening.lastIndex);
    if (end === -1) continue;
    found.push({ name: match[1] ?? "", text: prompt.slice(opening.lastIndex, end).trim() });
    opening.lastIndex = end;
  }
  return found;
}

/** Where the `]]` of a directive is; the first one if the brackets within are not balanced. */
function closingBrackets(prompt: string, from: number): number {
  let depth = 0;
  for (let index = from; index < prompt.length; index += 1) {
    if (depth === 0 && prompt.startsWith("]]", index)) return index;
    if (prompt[index] === "[") depth += 1;
    else if (prompt[index] === "]") depth = Math.max(0, depth - 1);
  }
  return prompt.indexOf("]]", from);
}

function join(step: Step, added: Partial<Step>): Step {
  return {
    ...step,
    think: [...step.think, ...(added.think ?? [])],
    say: [...step.say, ...(added.say ?? [])],
    slowMs: added.slowMs ?? step.slowMs,
  };
}

function numberIn(text: string, fallback: number): number {
  return Number(/^\d+/.exec(text)?.[0] ?? fallback);
}

function timesIn(text: string): { times?: number } {
  const times = /\bx(\d+)$/.exec(text)?.[1];
  return times === undefined ? {} : { times: Number(times) };
}

function namedTool(text: string): ToolRequest {
  const [, name = "", json = ""] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const input: unknown = json === "" ? {} : JSON.parse(json);
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new SyntaxError(`The input of [[tool ${name}]] must be a JSON object.`);
  }
  return { tool: "named", name, input: input as Record<string, unknown> };
}
