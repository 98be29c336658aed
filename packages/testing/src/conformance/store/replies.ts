import { completed, type StoreBench } from "./bench.ts";

/** What a channel told of a reply that went out once. */
export const sent = { ref: null, repeated: false };

/** Why a reply has to wait a second. */
export const failure = { delayMs: 1000, detail: "busy", unknown: false };

/** Ended tasks with replies, in the order of these destinations. */
export async function replies({ ended }: StoreBench, ...destinations: string[]) {
  const tasks = [];
  for (const [number, to] of destinations.entries())
    tasks.push(await ended({ destination: { to } }, completed(`reply ${number}`)));
  return tasks;
}

export const texts = (items: readonly { readonly text: string }[]): readonly string[] =>
  items.map(({ text }) => text);
