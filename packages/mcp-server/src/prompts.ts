import * as z from "zod";

/** A prompt of the server: a text that a person picks, with what they filled in. */
export interface ShownPrompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
  }[];
}

interface PromptRow extends ShownPrompt {
  write(given: Readonly<Record<string, string>>): string;
}

/** What a person filled in is data: it is quoted, so that it can not pass for an instruction of the prompt. */
const quoted = (text: string | undefined): string => JSON.stringify(text ?? "");

const rows: readonly PromptRow[] = [
  {
    name: "delegate",
    title: "Delegate a task",
    description: "Gives work to another agent and goes on meanwhile.",
    arguments: [
      { name: "work", description: "What is to be done.", required: true },
      { name: "runner", description: "The agent; left out: the bridge chooses.", required: false },
    ],
    write: ({ work, runner }) =>
      `Give this work to ${runner === undefined ? "an agent" : `the agent ${quoted(runner)}`} with task_start, with an idempotency_key of your own choosing: ${quoted(work)}. Note task_id and conversation_id, go on with what else there is to do, then wait with task_wait and report the answer. If the task asks for input, put its question to me and answer with task_reply.`,
  },
  {
    name: "triage_failed",
    title: "Look into failed tasks",
    description: "Finds out why tasks failed and proposes what to do.",
    arguments: [{ name: "runner", description: "Only this agent's tasks.", required: false }],
    write: ({ runner }) =>
      `List the failed tasks with task_list (status failed${runner === undefined ? "" : `, runner ${quoted(runner)}`}). For each of the newest ten read its error with task_get and, where that tells too little, its last events with task_events. Group them by cause, and propose for each group whether to go on with task_resume, to start anew, or to leave it. Change nothing before I agree.`,
  },
  {
    name: "resume_task",
    title: "Resume a task",
    description: "Attaches to a task again and goes on with it.",
    arguments: [
      { name: "task_id", description: "The task.", required: true },
      { name: "conversation_id", description: "Its conversation.", required: true },
      { name: "message", description: "What to tell the agent next.", required: false },
    ],
    write: ({ task_id: task, conversation_id: conversation, message }) =>
      `Call task_resume with task_id ${quoted(task)} and conversation_id ${quoted(conversation)}${message === undefined ? "" : `, and the message ${quoted(message)}`}. Tell me what happened so far from its events. If it is at work, wait with task_wait and report its answer.`,
  },
];

/** The prompts, in the order in which they are shown. */
export const prompts: readonly ShownPrompt[] = rows.map((row) => ({
  name: row.name,
  title: row.title,
  description: row.description,
  arguments: row.arguments,
}));

const argumentsSchema = z.record(z.string(), z.string().max(64 * 1024));

/** A prompt with what was filled in; the reason where it can not be written. */
export function writePrompt(
  name: string,
  filledIn: unknown,
): { readonly description: string; readonly text: string } | { readonly problem: string } {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) return { problem: `There is no prompt ${JSON.stringify(name)}.` };
  const parsed = argumentsSchema.safeParse(filledIn ?? {});
  if (!parsed.success) return { problem: "The arguments of a prompt are texts." };
  const missing = row.arguments.find(
    (argument) => argument.required && !Object.hasOwn(parsed.data, argument.name),
  );
  if (missing !== undefined) return { problem: `The prompt ${name} needs ${missing.name}.` };
  const known = row.arguments.map((argument) => argument.name);
  const taken = Object.entries(parsed.data).filter(([key]) => known.includes(key));
  return { description: row.description, text: row.write(Object.fromEntries(taken)) };
}
