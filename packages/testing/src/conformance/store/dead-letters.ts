import type { DeadLetter, NewDeadLetter, NewMessage, SenderNotice } from "@agent-bridge/core";
import type { MessageSketch, StoreBench } from "./bench.ts";

/** A dead letter, as far as it differs from the ordinary. */
export const deadLetter = (id: string, sketch: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  id,
  reason: "kind_unknown",
  detail: "",
  kind: null,
  workspace: "home",
  payload: "{}",
  bytes: 2,
  sha256: "00",
  ...sketch,
});

/** A message that becomes a dead letter. */
export const deadMessage = (
  bench: StoreBench,
  id: string,
  sketch: MessageSketch & { readonly notice?: SenderNotice } = {},
): NewMessage => {
  const { notice, ...message } = sketch;
  const told = notice === undefined ? {} : { notice };
  const outcome = { type: "dead_letter", deadLetter: deadLetter(id), ...told } as const;
  return bench.message({}, { outcome, ...message });
};

/** All dead letters, newest first. */
export const listed = async ({ store }: StoreBench): Promise<readonly DeadLetter[]> =>
  (await store.queries.deadLetters({ limit: 100, after: null })).items;
