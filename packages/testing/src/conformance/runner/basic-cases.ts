import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { processesWith } from "./marked-processes.ts";
import {
  outputOf,
  outputTokensOf,
  sessionOf,
  turnOf,
  unless,
  type RunnerCase,
  type RunnerConformance,
} from "./runner-case.ts";
import { turnIo } from "./turn-io.ts";

/** Answering, resuming, beginning. */
export function basicCases<O>(about: RunnerConformance<O>): RunnerCase[] {
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
        const io = turnIo({ onBegins: () => Promise.reject(new Error("the claim is lost")) });
        const turn = await turnOf(about, { prompt: prompts.echo("saffron"), io });
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
  try {
    await Promise.race([asked, turn]);
    // Long enough for one that does not wait for the answer to have spawned something.
    await setTimeout(20);
    expect(await processesWith(io.markText)).toEqual([]);
    expect(io.calls).toEqual(["begins"]);
  } finally {
    allow();
    await Promise.allSettled([turn]);
  }
  expect(outputOf(await turn)).toContain("saffron");
}
