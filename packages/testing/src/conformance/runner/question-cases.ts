import { expect } from "vitest";
import { isOk, turnOf, unless, type RunnerCase, type RunnerConformance } from "./runner-case.ts";
import { turnIo } from "./turn-io.ts";

/** Asking live questions. */
export function questionCases<O>(about: RunnerConformance<O>): RunnerCase[] {
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
