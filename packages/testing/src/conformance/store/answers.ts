import type { Answer, Scope } from "@agent-bridge/core";
import { all, type StoreBench } from "./bench.ts";

/** The answer of these cases. */
export const yes: Answer = { action: "accept", by: "ann" };

/** Answers a question with yes. */
export const answer = async ({ store }: StoreBench, questionId: string, scope: Scope = all) =>
  await store.intake.answer({ questionId, scope, answer: yes });

/** The states of a task's questions, oldest first. */
export const stateOf = async ({ store }: StoreBench, taskId: string) =>
  (await store.queries.questions(taskId, all)).map(({ state }) => state);

/** The answers in a task's log. */
export const answersOf = async ({ events }: StoreBench, taskId: string) =>
  (await events({ taskId, types: ["turn.answer"] })).map(({ data }) => data);
