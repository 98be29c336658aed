import { expect } from "vitest";
import type { Runner, RunnerCapabilities, RunnerEvent, Session } from "@agent-bridge/core";
import { brokenInvariants } from "./invariants.ts";
import { recordTurn, type RecordedTurn, type TurnRequest } from "./recorded-turn.ts";

/**
 * What to say to an agent so that it does what a case needs. A case whose prompt is missing is skipped; the title
 * says so.
 */
export interface RunnerPrompts {
  /** Answers with a text that holds `word`, and leaves nothing open. */
  readonly echo: (word: string) => string;
  /** Thinks aloud before it answers. */
  readonly thinking?: string;
  /** Calls one tool, which works. */
  readonly toolOk?: string;
  /** Calls one tool, which fails. */
  readonly toolFails?: string;
  /** Changes a file. */
  readonly fileChange?: string;
  /** Answers with at least so many characters. */
  readonly longOutput?: { readonly prompt: string; readonly characters: number };
  /** The model refuses or breaks: the turn fails. */
  readonly failure?: string;
  /** Stays silent for good. */
  readonly silence?: string;
  /** Begins to answer, and never comes to an end. */
  readonly endlessText?: string;
  /** Calls a tool that does not come to an end, and that starts processes of its own where the agent can. */
  readonly endlessTool?: string;
  /** Wants something for which it must ask. */
  readonly question?: string;
}

/** What the suite is told about a runner. */
export interface RunnerConformance<O> {
  readonly name: string;
  /** Makes a runner; called before every case. */
  readonly make: () => Runner<O> | Promise<Runner<O>>;
  readonly options: O;
  /** The options under which `question` asks; `options` by default. */
  readonly askingOptions?: O;
  readonly capabilities: RunnerCapabilities;
  readonly prompts: RunnerPrompts;
  /** Of a second turn in one session: whether its answer shows that the first is remembered. */
  readonly remembers?: (secondOutput: string) => boolean;
  /** A session that the runner does not have. */
  readonly goneSession?: Session;
  /** How soon after an abort everything must be gone; 6,000 by default. */
  readonly abortMs?: number;
  /** How long a turn may take before it counts as hanging, in milliseconds; 30,000 by default. */
  readonly turnMs?: number;
}

/** One promise of the suite. */
export interface RunnerCase {
  readonly title: string;
  /** Why it is not run; absent when it is. */
  readonly skipped?: string;
  run(): Promise<void>;
}

/** A turn, as far as it differs from the ordinary. */
export type Sketch<O> = Partial<TurnRequest<O>> & { readonly prompt: string };

/** Runs a turn of a new runner and checks what every turn must keep. */
export async function turnOf<O>(
  about: RunnerConformance<O>,
  sketch: Sketch<O>,
): Promise<RecordedTurn> {
  const runner = sketch.runner ?? (await about.make());
  const { options, turnMs: limitMs = 30_000 } = about;
  const turn = await recordTurn({ options, limitMs, ...sketch, runner });
  if (sketch.runner === undefined) await runner.dispose?.();
  expect(brokenInvariants(turn)).toEqual([]);
  return turn;
}

/** Skips a case whose prompt is missing. */
export function needs(prompt: unknown): Pick<RunnerCase, "skipped"> {
  return unless(prompt !== undefined, "no prompt is given for it");
}

/** Skips a case unless a condition holds. */
export function unless(condition: boolean, why: string): Pick<RunnerCase, "skipped"> {
  return condition ? {} : { skipped: why };
}

/** True for a tool that worked. */
export function isOk(event: RunnerEvent): boolean {
  return event.type === "tool_result" && event.status === "ok";
}

/** The ends of the tool calls. */
export function resultsOf({ events }: RecordedTurn): RunnerEvent[] {
  return events.filter(({ type }) => type === "tool_result");
}

/** The answer of a completed turn; a turn that did not complete fails the case, with what it said instead. */
export function outputOf({ end }: RecordedTurn): string {
  expect(end).toEqual(expect.objectContaining({ outcome: "completed" }));
  return end?.outcome === "completed" ? end.output : "";
}

/** The session as a turn left it. */
export function sessionOf({ events }: RecordedTurn): Session {
  const event = events.findLast((e) => e.type === "session");
  if (event === undefined) throw new Error("The turn told of no session.");
  return event.session;
}

/** The output tokens that a turn counted; `undefined` where it counted none. */
export function outputTokensOf({ events }: RecordedTurn): number | undefined {
  return events.findLast((e) => e.type === "usage")?.outputTokens;
}

/** The last text: whole, or in pieces where it was not finished. */
export function textOf(events: readonly RunnerEvent[]): string {
  let whole = "";
  let pieces = "";
  for (const event of events) {
    if (event.type !== "text") continue;
    pieces = event.delta ? pieces + event.text : "";
    if (!event.delta) whole = event.text;
  }
  return pieces || whole;
}
