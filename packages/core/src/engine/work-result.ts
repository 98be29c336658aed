import type { NewEvent } from "../contract/event.ts";
import type { Ending } from "../contract/intake.ts";
import type { Json } from "../contract/json.ts";
import type { NewQuestion } from "../contract/work.ts";

/** What becomes of an attempt. */
export type AttemptResult =
  | { readonly type: "ended"; readonly ending: Ending }
  | { readonly type: "suspended"; readonly question: NewQuestion; readonly state: Json }
  /** Given back unfinished; nobody takes it for `notBeforeMs`. */
  | { readonly type: "released"; readonly notBeforeMs: number }
  /** The claim is lost: nothing more is written. */
  | { readonly type: "lost" };

/** The event that stands before a completed task's end. */
export function finalEvents(
  result: Extract<AttemptResult, { type: "ended" }>,
): readonly NewEvent[] {
  const { status, output, attachments } = result.ending;
  if (status !== "completed") return [];
  const named = attachments === undefined ? {} : { attachments };
  return [{ type: "turn.final_answer", data: { output: output ?? "", ...named } }];
}
