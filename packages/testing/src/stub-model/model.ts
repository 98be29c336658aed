import { readDirectives } from "./directives.ts";
import type { Step } from "./directives.ts";

/** What a model request holds, whatever its protocol. */
export interface Prompt {
  /** Tells conversations with equal texts apart, where the protocol names them; else "". */
  readonly conversation: string;
  /** The texts of the user's messages, oldest first, without those that a harness adds by itself. */
  readonly users: readonly string[];
  /** The outputs of the tools called since the last user message, oldest first. */
  readonly toolOutputs: readonly string[];
}

/** Chooses the next model call. Remembers only how often a limited failure was given. */
export interface Model {
  next(prompt: Prompt): Step;
}

const endOfOutput = 200;

/** What is said to a message without directives; undefined for the echo. */
export type Answer = (prompt: Prompt) => string | undefined;

/** Creates a model that does what the last user message directs, one call at a time. */
export function createModel(answer: Answer = () => undefined): Model {
  const failures = new Map<string, number>();

  /** Whether a failure that is limited to some attempts is still to be given; counts it. */
  const takeFailure = (key: string, times: number): boolean => {
    const given = failures.get(key) ?? 0;
    if (given < times) failures.set(key, given + 1);
    return given < times;
  };

  const next = (prompt: Prompt): Step => {
    const steps = readDirectives(prompt.users.at(-1) ?? "");
    let outputs = prompt.toolOutputs.length;
    let failed = 0;
    for (const [index, step] of steps.entries()) {
      const { ending } = step;
      if (ending.end === "call") {
        if (outputs === 0) return step;
        outputs -= 1;
      } else if ("times" in ending && ending.times !== undefined) {
        const key = JSON.stringify([prompt.conversation, prompt.users, index]);
        if (takeFailure(key, ending.times)) return step;
        failed += ending.times;
      } else return step;
    }
    const isUndirected = steps.length === 0 && prompt.toolOutputs.length === 0;
    return say((isUndirected ? answer(prompt) : undefined) ?? closing(prompt, failed));
  };

  return { next };
}

/** What is said when no directive is left. */
function closing(prompt: Prompt, failed: number): string {
  const output = prompt.toolOutputs.at(-1);
  if (output !== undefined) return `The tool answered: ${output.trim().slice(-endOfOutput)}`;
  if (failed > 0) return `Recovered after ${failed} failures.`;
  const last = (prompt.users.at(-1) ?? "").trim().slice(0, endOfOutput);
  return `echo: ${last} (user messages seen: ${prompt.users.length})`;
}

function say(text: string): Step {
  return { think: [], say: [text], slowMs: 0, ending: { end: "message" } };
}

/** Token counts that depend on the request alone, so that a test can foretell them. */
export function usageOf(prompt: Prompt): {
  input: number;
  cached: number;
  output: number;
  reasoning: number;
} {
  return { input: 100 * prompt.users.length, cached: 40, output: 20, reasoning: 5 };
}

/** A text in the pieces in which it is streamed: words with the white space before them. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
