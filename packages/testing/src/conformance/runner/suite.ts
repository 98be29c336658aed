import { expect } from "vitest";
import type { Runner, RunnerCapabilities, RunnerEvent, Session } from "@agent-bridge/core";
import { brokenInvariants } from "./invariants.ts";
import { recordTurn, type RecordedTurn, type TurnRequest } from "./recorded-turn.ts";
import { turnIo } from "./turn-io.ts";

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
}

/** One promise of the suite. */
export interface RunnerCase {
  readonly title: string;
  /** Why it is not run; absent when it is. */
  readonly skipped?: string;
  run(): Promise<void>;
}

/** The cases of the suite for one runner. `runnerConformance` registers them as tests. */
export function runnerCases<O>(about: RunnerConformance<O>): readonly RunnerCase[] {
  return [...basicCases(about), ...outputCases(about), ...abortCases(about), ...askCases(about)];
}

type Sketch<O> = Partial<TurnRequest<O>> & { readonly prompt: string };

/** Runs a turn of a new runner and checks what every turn must keep. */
async function turnOf<O>(about: RunnerConformance<O>, sketch: Sketch<O>): Promise<RecordedTurn> {
  const runner = sketch.runner ?? (await about.make());
  const turn = await recordTurn({ options: about.options, ...sketch, runner });
  if (sketch.runner === undefined) await runner.dispose?.();
  expect(brokenInvariants(turn)).toEqual([]);
  return turn;
}

function basicCases<O>(about: RunnerConformance<O>): RunnerCase[] {
  const { prompts, capabilities } = about;
  return [
    {
      title: "answers, and the end's answer is the reply",
      run: async () => {
        const turn = await turnOf(about, { prompt: prompts.echo("saffron") });
        expect(outputOf(turn)).toContain("saffron");
        expect(turn.events[0]).toMatchObject({ type: "session" });
      },
    },
    {
      title: "claims the capabilities that it is said to have",
      run: async () => {
        const runner = await about.make();
        expect(runner.capabilities).toEqual(capabilities);
        await runner.dispose?.();
      },
    },
    {
      title: "refuses an option that it does not know",
      run: async () => {
        const runner = await about.make();
        expect(runner.options.safeParse(about.options).success).toBe(true);
        const unknown = { ...about.options, noSuchOption: true };
        expect(runner.options.safeParse(unknown).success).toBe(false);
        await runner.dispose?.();
      },
    },
    {
      title: "says whether it can work, also when the check is aborted (S27)",
      run: async () => {
        const runner = await about.make();
        const health = await runner.check(AbortSignal.timeout(10_000));
        expect(health).toMatchObject({ ready: true });
        await runner.check(AbortSignal.abort());
        await runner.dispose?.();
      },
    },
    {
      title: "goes on in a session, and counts each turn's own tokens",
      ...unless(capabilities.resume, "the runner does not resume"),
      run: () => resumes(about),
    },
    {
      title: "S38 a session that is gone ends as session_gone and nothing else",
      ...unless(about.goneSession !== undefined, "no session is given"),
      run: async () => {
        const session = about.goneSession ?? null;
        const turn = await turnOf(about, { prompt: prompts.echo("saffron"), session });
        expect(turn.events).toEqual([expect.objectContaining({ outcome: "session_gone" })]);
      },
    },
    {
      title: "S24 turns side by side keep their answers, sessions and processes to themselves",
      run: () => sideBySide(about),
    },
    {
      title: "waits for `begins` before it does anything",
      run: () => waitsForBegins(about),
    },
    {
      title: "ends, and does not throw, when its claim is lost at the beginning",
      run: async () => {
        const onBegins = (): never => {
          throw new Error("the claim is lost");
        };
        const turn = await turnOf(about, {
          prompt: prompts.echo("saffron"),
          io: turnIo({ onBegins }),
        });
        expect(["failed", "aborted"]).toContain(turn.end?.outcome);
        expect(turn.io.processes).toEqual([]);
      },
    },
  ];
}

async function resumes<O>(about: RunnerConformance<O>): Promise<void> {
  const first = await turnOf(about, { prompt: about.prompts.echo("saffron") });
  const session = sessionOf(first);
  const second = await turnOf(about, { prompt: about.prompts.echo("cumin"), session });
  expect(outputOf(second)).toContain("cumin");
  expect(sessionOf(second).id).toBe(session.id);
  if (about.remembers !== undefined) expect(about.remembers(outputOf(second))).toBe(true);
  const [one, two] = [outputTokensOf(first), outputTokensOf(second)];
  // Two turns that say about the same: a count of the whole session would be twice as much.
  if (one !== undefined && two !== undefined) expect(two).toBeLessThan(one * 2);
}

async function sideBySide<O>(about: RunnerConformance<O>): Promise<void> {
  const runner = await about.make();
  const words = ["saffron", "cumin", "sumac"];
  const turns = await Promise.all(
    words.map((word) => turnOf(about, { runner, prompt: about.prompts.echo(word) })),
  );
  await runner.dispose?.();
  for (const [index, turn] of turns.entries()) {
    for (const word of words) {
      if (word === words[index]) expect(outputOf(turn)).toContain(word);
      else expect(JSON.stringify(turn.events)).not.toContain(word);
    }
  }
  expect(new Set(turns.map((turn) => sessionOf(turn).id)).size).toBe(words.length);
  const pids = turns.flatMap(({ io }) => io.processes.map(({ pid }) => pid));
  expect(new Set(pids).size).toBe(pids.length);
}

async function waitsForBegins<O>(about: RunnerConformance<O>): Promise<void> {
  const { promise: mayBegin, resolve: allow } = Promise.withResolvers<void>();
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  const io = turnIo({
    onBegins: () => {
      isAsked();
      return mayBegin;
    },
  });
  const turn = turnOf(about, { prompt: about.prompts.echo("saffron"), io });
  await asked;
  const { processesWith } = await import("./marked-processes.ts");
  expect(await processesWith(io.markText)).toEqual([]);
  expect(io.calls).toEqual(["begins"]);
  allow();
  expect(outputOf(await turn)).toContain("saffron");
}

function outputCases<O>(about: RunnerConformance<O>): RunnerCase[] {
  const { prompts } = about;
  const run = async (prompt: string | undefined): Promise<RecordedTurn> =>
    turnOf(about, { prompt: prompt ?? "" });
  return [
    {
      title: "thinking is told as thinking, and is no part of the answer",
      ...needs(prompts.thinking),
      run: async () => {
        const turn = await run(prompts.thinking);
        const thoughts = turn.events.filter((event) => event.type === "thinking");
        expect(thoughts.length).toBeGreaterThan(0);
        for (const { text, delta } of thoughts) if (!delta) expect(outputOf(turn)).not.toContain(text);
      },
    },
    {
      title: "a tool call has its result",
      ...needs(prompts.toolOk),
      run: async () => {
        const turn = await run(prompts.toolOk);
        expect(resultsOf(turn)).toEqual([expect.objectContaining({ status: "ok" })]);
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
      },
    },
    {
      title: "a tool that fails does not fail the turn",
      ...needs(prompts.toolFails),
      run: async () => {
        const turn = await run(prompts.toolFails);
        expect(resultsOf(turn)).toEqual([expect.objectContaining({ status: "error" })]);
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
      },
    },
    {
      title: "a changed file is told with its path",
      ...needs(prompts.fileChange),
      run: async () => {
        const turn = await run(prompts.fileChange);
        const changes = turn.events.filter((event) => event.type === "file_change");
        expect(changes).toEqual([expect.objectContaining({ path: expect.stringContaining("/") })]);
      },
    },
    {
      title: "a long answer is whole",
      ...needs(prompts.longOutput),
      run: async () => {
        const turn = await run(prompts.longOutput?.prompt);
        expect(outputOf(turn).length).toBeGreaterThanOrEqual(prompts.longOutput?.characters ?? 0);
      },
    },
    {
      title: "whole texts replace what was told in pieces, and the last one is the answer",
      run: async () => {
        const turn = await run(prompts.echo("saffron"));
        expect(textOf(turn.events)).toBe(outputOf(turn));
      },
    },
    {
      title: "a model that fails is a failed turn with a text",
      ...needs(prompts.failure),
      run: async () => {
        const turn = await run(prompts.failure);
        expect(turn.end).toMatchObject({ outcome: "failed", message: expect.stringMatching(/\w/) });
      },
    },
  ];
}

function abortCases<O>(about: RunnerConformance<O>): RunnerCase[] {
  const { prompts, abortMs: limitMs = 6_000 } = about;
  const abortAt = async (
    prompt: string | undefined,
    when: (event: RunnerEvent) => boolean,
  ): Promise<RecordedTurn> => {
    const onEvent: TurnRequest<O>["onEvent"] = (event, io) => {
      if (when(event)) io.abort();
    };
    const turn = await turnOf(about, { prompt: prompt ?? "", onEvent });
    expect(turn.end).toEqual({ type: "end", outcome: "aborted" });
    expect(turn.abortMs).toBeLessThan(limitMs);
    return turn;
  };
  return [
    {
      title: "S19 aborted before it began, it does nothing",
      run: async () => {
        const io = turnIo();
        io.abort();
        const turn = await turnOf(about, { prompt: prompts.echo("saffron"), io });
        expect(turn.events).toEqual([{ type: "end", outcome: "aborted" }]);
        expect(io.processes).toEqual([]);
      },
    },
    {
      title: "S19 aborted while it starts, it ends with nothing left",
      run: async () => {
        const io = turnIo({ onSpawned: () => io.abort() });
        const turn = await turnOf(about, { prompt: prompts.echo("saffron"), io });
        // A runner without processes has nothing to be aborted at.
        if (io.processes.length > 0) expect(turn.end).toMatchObject({ outcome: "aborted" });
      },
    },
    {
      title: "aborted while the model is silent, it ends with nothing left",
      ...needs(prompts.silence),
      run: async () => void (await abortAt(prompts.silence, ({ type }) => type === "session")),
    },
    {
      title: "aborted in the middle of a text, it keeps what was said",
      ...needs(prompts.endlessText),
      run: async () => {
        const turn = await abortAt(prompts.endlessText, ({ type }) => type === "text");
        expect(textOf(turn.events)).not.toBe("");
      },
    },
    {
      title: "S20 aborted in the middle of a tool call, the call is closed and its processes are gone",
      ...needs(prompts.endlessTool),
      run: async () => {
        const turn = await abortAt(prompts.endlessTool, ({ type }) => type === "tool_call");
        expect(resultsOf(turn).length).toBeGreaterThan(0);
        expect(resultsOf(turn)).not.toContainEqual(expect.objectContaining({ status: "ok" }));
      },
    },
    {
      title: "left by its reader, it leaves nothing behind",
      ...needs(prompts.endlessText),
      run: async () => {
        const runner = await about.make();
        const turn = await recordTurn({
          runner,
          options: about.options,
          prompt: prompts.endlessText ?? "",
          leaveAt: ({ type }) => type === "text",
        });
        await runner.dispose?.();
        expect(turn.thrown).toBeUndefined();
        expect(turn.leftBehind).toEqual([]);
      },
    },
  ];
}

function askCases<O>(about: RunnerConformance<O>): RunnerCase[] {
  const { prompts, askingOptions: options = about.options } = about;
  const prompt = prompts.question ?? "";
  const isLive = about.capabilities.questions === "live" && prompts.question !== undefined;
  const skip = unless(isLive, "the runner asks no live questions here");
  return [
    {
      title: "an approval is bound to what it shows, and accepted it is done",
      ...skip,
      run: async () => {
        const io = turnIo({ answer: () => ({ action: "accept" }) });
        const turn = await turnOf(about, { prompt, options, io });
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
        expect(io.questions).toEqual([
          expect.objectContaining({
            type: "approval",
            title: expect.stringMatching(/\w/),
            details: expect.anything(),
            bindsTo: expect.stringMatching(/^[0-9a-f]{64}$/),
          }),
        ]);
        const done = turn.events.filter((e) => e.type === "file_change" || isOk(e));
        expect(done.length).toBeGreaterThan(0);
      },
    },
    {
      title: "an approval that is declined is not done, and the turn goes on",
      ...skip,
      run: async () => {
        const turn = await turnOf(about, { prompt, options });
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
        expect(turn.io.questions).toHaveLength(1);
        expect(turn.events.filter((e) => e.type === "file_change" || isOk(e))).toEqual([]);
      },
    },
    {
      title: "aborted while a question is open, it ends with nothing left",
      ...skip,
      run: async () => {
        const io = turnIo({
          answer: () => {
            io.abort();
            return new Promise(() => undefined);
          },
        });
        const turn = await turnOf(about, { prompt, options, io });
        expect(turn.end).toEqual({ type: "end", outcome: "aborted" });
      },
    },
  ];
}

function needs(prompt: unknown): Pick<RunnerCase, "skipped"> {
  return unless(prompt !== undefined, "no prompt is given for it");
}

function unless(condition: boolean, why: string): Pick<RunnerCase, "skipped"> {
  return condition ? {} : { skipped: why };
}

function isOk(event: RunnerEvent): boolean {
  return event.type === "tool_result" && event.status === "ok";
}

function resultsOf({ events }: RecordedTurn): RunnerEvent[] {
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

function outputTokensOf({ events }: RecordedTurn): number | undefined {
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
