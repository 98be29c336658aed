import { expect } from "vitest";
import type { RecordedTurn } from "./recorded-turn.ts";
import {
  needs,
  outputOf,
  resultsOf,
  textOf,
  turnOf,
  type RunnerCase,
  type RunnerConformance,
} from "./runner-case.ts";

/** What a turn tells of what it does. */
export function outputCases<O>(about: RunnerConformance<O>): RunnerCase[] {
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
        for (const { text, delta } of thoughts)
          if (!delta) expect(outputOf(turn)).not.toContain(text);
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
