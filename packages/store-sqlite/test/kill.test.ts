import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isFinal } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { sqliteStore } from "../src/index.ts";
import { temporaryPath } from "./fixtures/folders.ts";
import { all, channelMessage, eventsOf } from "./fixtures/messages.ts";

interface Fact {
  readonly fact: "opened" | "accepted" | "appended" | "finished";
  readonly taskId: string;
  readonly key: string;
  readonly lane: number;
  readonly seq: number;
  readonly cursor: string;
  readonly id: string;
}

const writer = fileURLToPath(new URL("./fixtures/writer.ts", import.meta.url));

/** Lets a writer work and kills it after so many facts. @returns what the store had acknowledged to it */
async function killed(path: string, round: number, facts: number): Promise<readonly Fact[]> {
  const child = spawn(
    process.execPath,
    ["--conditions=agent-bridge-source", writer, path, String(round)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const told: Fact[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    // A line that the kill has cut is no acknowledgement that anybody has got.
    if (!line.endsWith("}")) return;
    told.push(JSON.parse(line) as Fact);
    if (told.length === facts) child.kill("SIGKILL");
  });
  const [[, signal]] = await Promise.all([once(child, "close"), once(lines, "close")]);
  expect(signal).toBe("SIGKILL");
  return told;
}

test(
  "S01 after 20 kills of a writer, all that was acknowledged is there: once, whole and in order",
  { timeout: 60_000 },
  async () => {
    const path = temporaryPath();
    const told: Fact[] = [];
    for (let round = 1; round <= 20; round++) {
      const facts = randomInt(1, 400);
      told.push(...(await killed(path, round, facts)));
    }
    const of = (fact: Fact["fact"]): readonly Fact[] => told.filter((one) => one.fact === fact);
    expect(new Set(of("opened").map(({ id }) => id)).size).toBe(1);
    expect(of("finished").length).toBeGreaterThan(50);

    await using store = sqliteStore({ path });
    const log = await eventsOf(store);
    const byCursor = new Map(log.map((event) => [event.cursor, event]));
    for (const { taskId, seq, cursor } of of("appended"))
      expect(byCursor.get(cursor)).toMatchObject({ taskId, seq });

    // Every message that is known has its task: none was swallowed.
    const accepted = of("accepted");
    const known = await store.intake.accept({
      messages: accepted.map(({ key }) => channelMessage(key)),
    });
    expect(known.map((one) => (one.result === "known" ? one.task?.id : one.result))).toEqual(
      accepted.map(({ taskId }) => taskId),
    );
    for (const lane of [1, 2, 3, 4]) {
      const last = accepted.findLast((one) => one.lane === lane)?.key ?? "0.0.0";
      const stored = (await store.intake.position(`chat-${lane}`)) ?? "0.0.0";
      // The commit after the last acknowledged one may have happened as well.
      expect(compare(stored as string, last)).toBeGreaterThanOrEqual(0);
    }

    const finished = new Map(of("finished").map(({ taskId, key }) => [taskId, key]));
    const taskIds = new Set(log.map(({ taskId }) => taskId));
    for (const taskId of taskIds) {
      const task = await store.queries.task(taskId, all);
      const events = log.filter((event) => event.taskId === taskId);
      expect(await eventsOf(store, taskId)).toEqual(events);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const ends = events.filter(({ type }) => type === "task.completed" || type === "task.failed");
      expect(ends).toHaveLength(task !== undefined && isFinal(task.status) ? 1 : 0);
    }
    for (const [taskId, output] of finished)
      expect(await store.queries.task(taskId, all)).toMatchObject({
        status: "completed",
        output: { output },
      });
    const replies = await store.outbox.due(["chat"], 100_000);
    const due = new Set(replies.map(({ taskId }) => taskId));
    expect(replies).toHaveLength(due.size);
    for (const taskId of finished.keys()) expect(due).toContain(taskId);
  },
);

/** Orders keys of the form round.lane.index of one lane. */
function compare(one: string, other: string): number {
  const [round = 0, , index = 0] = one.split(".").map(Number);
  const [otherRound = 0, , otherIndex = 0] = other.split(".").map(Number);
  return round - otherRound || index - otherIndex;
}
