import type { Answer, Json, Session } from "@agent-bridge/core";
import { expect } from "vitest";
import type { RecordedTurn } from "./recorded-turn.ts";
import {
  isOk,
  sessionOf,
  turnOf,
  unless,
  type RunnerCase,
  type RunnerConformance,
} from "./runner-case.ts";

/** What a store gives back: the same data, and nothing that was shared with the turn. */
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Questions that end the turn, and whose answer begins the next one. */
export function suspensionCases<O>(about: RunnerConformance<O>): RunnerCase[] {
  const { prompts, askingOptions: options = about.options } = about;
  const prompt = prompts.question ?? "";
  const suspends = about.capabilities.questions === "suspended" && prompts.question !== undefined;
  const skip = unless(suspends, "the runner suspends no turns here");
  const ask = async (): Promise<RecordedTurn> => await turnOf(about, { prompt, options });
  const goOn = async (asked: RecordedTurn, answer: Answer): Promise<RecordedTurn> => {
    const session: Session = stored(sessionOf(asked));
    const answered = { answer, state: stored(stateOf(asked)) };
    return await turnOf(about, { prompt, options, session, answered });
  };
  return [
    {
      title: "an approval ends the turn with a question that is bound to what it shows",
      ...skip,
      run: async () => {
        const { end, events, io } = await ask();
        expect(end).toMatchObject({
          outcome: "suspended",
          question: {
            type: "approval",
            title: expect.stringMatching(/\w/),
            details: expect.anything(),
            bindsTo: expect.stringMatching(/^[0-9a-f]{64}$/),
          },
        });
        expect(io.questions).toEqual([]);
        expect(events.filter((e) => e.type === "file_change" || isOk(e))).toEqual([]);
      },
    },
    {
      title: "S22 another runner goes on from what was stored, and does what was accepted once",
      ...skip,
      run: async () => {
        const turn = await goOn(await ask(), { action: "accept" });
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
        expect(turn.events.filter((e) => e.type === "file_change" || isOk(e))).toHaveLength(1);
        expect(turn.io.calls).toContain("begins");
      },
    },
    {
      title: "what was declined is not done, and the turn goes on",
      ...skip,
      run: async () => {
        const turn = await goOn(await ask(), { action: "decline" });
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
        expect(turn.events.filter((e) => e.type === "file_change" || isOk(e))).toEqual([]);
      },
    },
    {
      title: "a question that nobody answered does not stop the conversation",
      ...skip,
      run: async () => {
        const session = stored(sessionOf(await ask()));
        const turn = await turnOf(about, { prompt: prompts.echo("saffron"), session });
        expect(turn.end).toEqual(expect.objectContaining({ outcome: "completed" }));
      },
    },
  ];
}

function stateOf({ end }: RecordedTurn): Json {
  if (end?.outcome !== "suspended") throw new Error("The turn was not suspended.");
  return end.state;
}
