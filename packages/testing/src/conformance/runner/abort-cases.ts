import { expect } from "vitest";
import type { RunnerEvent } from "@agent-bridge/core";
import { recordTurn, type RecordedTurn, type TurnRequest } from "./recorded-turn.ts";
import {
  needs,
  resultsOf,
  textOf,
  turnOf,
  type RunnerCase,
  type RunnerConformance,
} from "./runner-case.ts";
import { turnIo } from "./turn-io.ts";

/** Being ended from outside. */
export function abortCases<O>(about: RunnerConformance<O>): RunnerCase[] {
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
      title:
        "S20 aborted in the middle of a tool call, the call is closed and its processes are gone",
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
