import {
  memoryStore,
  ownerOf,
  type Principal,
  systemClock,
  systemRandom,
} from "@agent-bridge/core";
import { describe, expect, test } from "vitest";
import { toolTable } from "../src/tools/table.ts";
import { ann, ben, operator, startMcp } from "./fixtures/bridges.ts";
import { rawClient, type RawClient } from "./fixtures/raw-client.ts";

/** What names the things of one owner, or things that never were. */
interface Names {
  readonly task: string;
  readonly conversation: string;
  readonly request: string;
  readonly letter: string;
}

const invented: Names = {
  task: "task_x",
  conversation: "conv_x",
  request: "question_x",
  letter: "dead_x",
};

/** Who may: `yes`, `hidden` (as if it never was), `own` (it works, on what is theirs alone), `none` (there is no such tool). */
type Verdict = "yes" | "hidden" | "own" | "none";

interface Row {
  readonly owner: Verdict;
  readonly operator: Verdict;
  readonly other: Verdict;
  readonly run: Verdict;
  ask(client: RawClient, names: Names): Promise<unknown>;
}

const tool =
  (name: string, input: (names: Names) => object) =>
  async (client: RawClient, names: Names): Promise<unknown> => {
    const { result, error } = await client.request("tools/call", { name, arguments: input(names) });
    return error ?? result;
  };

const method =
  (name: string, params: (names: Names) => Record<string, unknown>) =>
  async (client: RawClient, names: Names): Promise<unknown> => {
    const { result, error } = await client.taskRequest(name, params(names));
    return error ?? result;
  };

const named = { owner: "yes", operator: "yes", other: "hidden", run: "hidden" } as const;
const own = { owner: "own", operator: "yes", other: "own", run: "own" } as const;
const hers = { owner: "hidden", operator: "yes", other: "hidden", run: "none" } as const;

/** A row for everything that can be asked. */
const rows: Readonly<Record<string, Row>> = {
  bridge_describe: { ...own, operator: "own", ask: tool("bridge_describe", () => ({})) },
  task_start: {
    ...named,
    ask: tool("task_start", ({ conversation }) => ({ prompt: "x", conversation_id: conversation })),
  },
  task_get: { ...named, ask: tool("task_get", ({ task }) => ({ task_id: task })) },
  task_list: { ...own, ask: tool("task_list", () => ({})) },
  task_wait: {
    ...named,
    ask: tool("task_wait", ({ task }) => ({ task_ids: [task], timeout_seconds: 0 })),
  },
  task_events: { ...named, ask: tool("task_events", ({ task }) => ({ task_id: task })) },
  "task_events of all": { ...own, ask: tool("task_events", () => ({})) },
  task_send: { ...named, ask: tool("task_send", ({ task }) => ({ task_id: task, message: "x" })) },
  "task_send to a conversation": {
    ...named,
    ask: tool("task_send", ({ conversation }) => ({ conversation_id: conversation, message: "x" })),
  },
  task_reply: {
    ...named,
    run: "none",
    ask: tool("task_reply", ({ task, request }) => ({
      task_id: task,
      request_id: request,
      action: "accept",
    })),
  },
  task_cancel: { ...named, ask: tool("task_cancel", ({ task }) => ({ task_id: task })) },
  task_resume: {
    ...named,
    run: "none",
    ask: tool("task_resume", ({ task, conversation }) => ({
      task_id: task,
      conversation_id: conversation,
    })),
  },
  dead_letter_list: { ...own, run: "none", ask: tool("dead_letter_list", () => ({})) },
  dead_letter_retry: {
    ...hers,
    operator: "yes",
    ask: tool("dead_letter_retry", ({ letter }) => ({ dead_letter_id: letter })),
  },
  agent: { ...own, operator: "own", ask: tool("agent", () => ({ prompt: "x", wait_seconds: 0 })) },
  "agent-reply": {
    ...named,
    ask: tool("agent-reply", ({ conversation }) => ({
      threadId: conversation,
      prompt: "x",
      wait_seconds: 0,
    })),
  },
  "bridge://tasks/{id}": {
    ...named,
    ask: method("resources/read", ({ task }) => ({ uri: `bridge://tasks/${task}` })),
  },
  "bridge://tasks/{id}/events": {
    ...named,
    ask: method("resources/read", ({ task }) => ({ uri: `bridge://tasks/${task}/events` })),
  },
  "bridge://kinds": {
    ...own,
    operator: "own",
    ask: method("resources/read", () => ({ uri: "bridge://kinds" })),
  },
  "bridge://runners": {
    ...own,
    operator: "own",
    ask: method("resources/read", () => ({ uri: "bridge://runners" })),
  },
  "tasks/get": { ...named, ask: method("tasks/get", ({ task }) => ({ taskId: task })) },
  "tasks/update": {
    ...named,
    ask: method("tasks/update", ({ task, request }) => ({
      taskId: task,
      inputResponses: { [request]: { action: "accept" } },
    })),
  },
  "tasks/cancel": { ...named, ask: method("tasks/cancel", ({ task }) => ({ taskId: task })) },
};

const principals: Readonly<Record<"owner" | "operator" | "other" | "run", Principal>> = {
  owner: ann,
  operator,
  other: ben,
  run: { type: "run", taskId: "task_ann" },
};

/** A task of Ann's that asks, and a dead letter. */
async function withWork() {
  const made = await startMcp({
    store: memoryStore({ clock: systemClock(), random: systemRandom }),
    channels: [
      {
        name: "inbox",
        inbox: "log",
        ack: async () => await Promise.resolve(),
        deduplicates: () => true,
        receive: async ({ after, signal }) => {
          if (after !== null)
            await new Promise((resolve) => {
              signal.addEventListener("abort", resolve);
            });
          const payload = { from: "nobody", text: "a secret of the operator" };
          return {
            deliveries: [{ id: "m", kind: "lost", workspace: "w", payload, ack: null }],
            next: 1,
          };
        },
      },
    ],
  });
  const handle = made.bridge.as(ann);
  const { task } = await handle.start({ payload: { text: "ask the secret of Ann" } });
  const request = await expect
    .poll(async () => (await handle.questions(task.id))[0]?.id, { timeout: 10_000 })
    .toBeDefined()
    .then(async () => (await handle.questions(task.id))[0]?.id ?? "");
  const letters = made.bridge.as(operator);
  await expect.poll(async () => (await letters.deadLetters()).items.length).toBe(1);
  const letter = (await letters.deadLetters()).items[0]?.id ?? "";
  const names = { task: task.id, conversation: task.conversationId ?? "", request, letter };
  return { ...made, names, handle };
}

/** An answer with the names in it replaced by those of what never was. */
function anonymous(answer: unknown, names: Names): string {
  let text = JSON.stringify(answer);
  for (const key of Object.keys(names) as (keyof Names)[])
    text = text.replaceAll(names[key], invented[key]);
  return text;
}

const secrets = ["secret of Ann", "secret of the operator"];

describe.each(Object.entries(rows))("S23 %s", (_, row) => {
  test.each(Object.keys(principals) as (keyof typeof principals)[])("as %s", async (as) => {
    const { mcp, names, handle, logger } = await withWork();
    const client = rawClient(mcp, principals[as]);
    const real = await row.ask(client, names);
    const text = JSON.stringify(real);
    const verdict = row[as];
    const lines = logger.lines.filter(({ message }) => message === "Denied");
    const never = await row.ask(client, invented);
    const isRefused = /"isError":true|"code":-32/.test(text);
    expect({ verdict, isRefused }).toEqual({
      verdict,
      // What is retried is still of no kind that is known: the operator is told so.
      isRefused: verdict === "hidden" || verdict === "none" || text.includes("INPUT_INVALID"),
    });
    // Denied looks like not found: the same words as for what never was.
    const shown = verdict === "hidden" || verdict === "none" ? anonymous(real, names) : "";
    expect(shown).toBe(shown === "" ? "" : JSON.stringify(never));
    const foreign = as === "operator" ? [] : as === "owner" ? secrets.slice(1) : secrets;
    for (const secret of foreign) expect(text).not.toContain(secret);
    // Whoever may not has changed nothing, and left a line in the log.
    const task = await handle.task(names.task);
    const untouched = { status: "input_required", cancelRequested: false };
    expect(verdict === "yes" ? untouched : task).toMatchObject(untouched);
    const who = { who: ownerOf(principals[as]) };
    const isDenied = verdict === "hidden" || verdict === "none";
    expect(lines.map(({ data }) => data)).toMatchObject(isDenied ? [who] : []);
  });
});

test("S23 a tool, resource or method without a row fails", async () => {
  const { mcp } = await startMcp();
  const client = rawClient(mcp, operator);
  const { result } = await client.request("tools/list");
  const { tools } = result as { tools: { name: string }[] };
  const { resources } = (await client.request("resources/list")).result as {
    resources: { uri: string }[];
  };
  const { resourceTemplates } = (await client.request("resources/templates/list")).result as {
    resourceTemplates: { uriTemplate: string }[];
  };
  const all = [
    ...tools.map(({ name }) => name),
    ...toolTable.map(({ name }) => name),
    ...resources.map(({ uri }) => uri),
    ...resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
  ];
  for (const name of all) expect(Object.keys(rows)).toContain(name);
});

test("S23 a run is shown no tool that it does not have", async () => {
  const { mcp } = await startMcp();
  const { result } = await rawClient(mcp, principals.run).request("tools/list");
  const { tools } = result as { tools: { name: string }[] };
  const names = tools.map(({ name }) => name);
  const without = Object.keys(rows).filter((name) => rows[name]?.run === "none");
  expect(names.filter((name) => without.includes(name))).toEqual([]);
});
