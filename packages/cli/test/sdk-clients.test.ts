import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { homeOnDemand } from "./background-daemons.ts";
import { newClient, oldClient, type SdkClient, type ToolAnswer } from "./sdk-clients.ts";

interface Task {
  readonly task_id: string;
  readonly conversation_id: string;
  readonly status: string;
}

interface Event {
  readonly seq: number;
  readonly type: string;
}

function contentOf({ isError, structuredContent = {} }: ToolAnswer): Record<string, unknown> {
  expect([isError ?? false, structuredContent]).toEqual([false, structuredContent]);
  return structuredContent;
}

async function begin(client: SdkClient, args: Record<string, unknown>): Promise<Task> {
  return contentOf(await client.tool("task_start", args))["task"] as Task;
}

/** Reads a task's events to its end as an agent is told to: from the cursor of the last answer. */
async function allEvents(client: SdkClient, id: string): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let after: unknown, isTerminal = false; !isTerminal;) {
    const args = {
      task_id: id,
      limit: 3,
      wait_seconds: 20,
      ...(after === undefined ? {} : { after }),
    };
    const page = contentOf(await client.tool("task_events", args));
    events.push(...(page["events"] as Event[]));
    after = page["next_cursor"];
    isTerminal = page["terminal"] === true;
  }
  return events;
}

describe.each([
  ["v1", oldClient],
  ["v2", newClient],
])("the %s client over stdio", (_, connect) => {
  test(
    "starts, waits, reads every event once, cancels and resumes",
    { timeout: 60_000 },
    async () => {
      const home = homeOnDemand();
      await home.up();
      const client = await connect(home);
      expect(await client.toolNames()).toContain("task_resume");
      const work = await begin(client, { prompt: "text one\ntext two\nsay done" });
      const waited = contentOf(
        await client.tool("task_wait", { task_ids: [work.task_id], timeout_seconds: 20 }),
      );
      expect(waited).toMatchObject({ timed_out: false, tasks: [{ status: "completed" }] });
      const events = await allEvents(client, work.task_id);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((__, index) => index + 1));
      expect(events.filter(({ type }) => type === "task.completed")).toHaveLength(1);
      const stuck = await begin(client, { prompt: "wait" });
      const id = { task_id: stuck.task_id };
      expect(contentOf(await client.tool("task_cancel", id))).toMatchObject({ changed: true });
      const ended = await client.tool("task_wait", {
        task_ids: [stuck.task_id],
        timeout_seconds: 20,
      });
      expect(contentOf(ended)).toMatchObject({ tasks: [{ status: "cancelled" }] });
      const next = contentOf(
        await client.tool("task_resume", {
          ...id,
          conversation_id: stuck.conversation_id,
          message: "say resumed",
        }),
      );
      const resumed = next["task"] as Task;
      expect(resumed.task_id).not.toBe(stuck.task_id);
      const answered = await client.tool("task_wait", {
        task_ids: [resumed.task_id],
        timeout_seconds: 20,
      });
      expect(contentOf(answered)).toMatchObject({ tasks: [{ status: "completed" }] });
    },
  );

  test(
    "S29 outlives kill -9 of the daemon: the call under way may be tried again, and the same key finds the task",
    { timeout: 90_000 },
    async () => {
      const home = homeOnDemand();
      const daemon = await home.up();
      const client = await connect(home);
      const [begun, go] = [join(home.folder, "begun"), join(home.folder, "go")];
      const request = {
        prompt: `access ${begun}\nuntil ${go}\nsay done`,
        idempotency_key: "once",
      };
      const { task_id: id } = await begin(client, request);
      await expect.poll(() => existsSync(begun), { timeout: 20_000 }).toBe(true);
      const before = contentOf(await client.tool("task_events", { task_id: id }));
      const underWay = client.tool("task_wait", { task_ids: [id], timeout_seconds: 60 });
      // Answered by the daemon after it has taken the wait.
      await client.tool("task_list");
      daemon.child.kill("SIGKILL");
      expect(await underWay).toMatchObject({
        isError: true,
        structuredContent: { error: { code: "DAEMON_LOST", retryable: true } },
      });
      await daemon.ended;
      writeFileSync(go, "");
      // Nobody has started another daemon: the next call does.
      expect((await begin(client, request)).task_id).toBe(id);
      const rest = contentOf(
        await client.tool("task_events", {
          task_id: id,
          after: before["next_cursor"],
          wait_seconds: 20,
        }),
      );
      const seen = before["events"] as Event[];
      expect((rest["events"] as Event[])[0]?.seq).toBe(seen.length + 1);
      const again = await client.tool("task_wait", { task_ids: [id], timeout_seconds: 20 });
      expect(contentOf(again)).toMatchObject({ timed_out: false });
      const { tasks } = contentOf(await client.tool("task_list")) as { tasks: unknown[] };
      expect(tasks).toHaveLength(1);
    },
  );

  test(
    "S29 a client that is gone in the middle of a call loses nothing",
    { timeout: 60_000 },
    async () => {
      const home = homeOnDemand();
      await home.up();
      const first = await connect(home);
      const go = join(home.folder, "go");
      const request = { prompt: `until ${go}\nsay done`, idempotency_key: "mine" };
      const { task_id: id } = await begin(first, request);
      const lost = first.tool("task_wait", { task_ids: [id], timeout_seconds: 60 });
      // Answered after the daemon has taken the wait.
      await first.tool("task_list");
      await Promise.all([first.close(), expect(lost).rejects.toThrow(/closed/i)]);
      const second = await connect(home);
      expect((await begin(second, request)).task_id).toBe(id);
      writeFileSync(go, "");
      const waited = await second.tool("task_wait", { task_ids: [id], timeout_seconds: 20 });
      expect(contentOf(waited)).toMatchObject({ tasks: [{ status: "completed" }] });
    },
  );
});
