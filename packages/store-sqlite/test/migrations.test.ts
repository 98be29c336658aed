import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { applicationId } from "../src/file-header.ts";
import { sqliteStore } from "../src/index.ts";
import { migrations } from "../src/migrations.ts";
import { all, directMessage, newTask } from "./fixtures/messages.ts";
import { temporaryPath } from "./fixtures/folders.ts";

/** A file as the first release left it, with one open task of an owner. */
function firstSchema(path: string, text: string): void {
  const { id, input, owner, provenance, rules, kind, runner } = newTask({
    input: { payload: { text }, prompt: text },
  });
  const request = { provenance, rules, questions: "decline", destination: null, input };
  const task = { id, kind, runner, owner, conversationId: null, status: "pending", attempt: 0 };
  const live = { task: { ...task, metadata: {}, hasOutput: false }, isHead: true, isHeld: false };
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${applicationId}`);
  db.exec(`PRAGMA journal_mode = WAL; ${migrations[0] ?? ""}; PRAGMA user_version = 1`);
  db.prepare(
    "INSERT INTO task (id, owner, kind, runner, status, is_open, is_head, live) VALUES (?, ?, ?, ?, 'pending', 1, 1, ?)",
  ).run(id, owner, kind, runner, JSON.stringify(live));
  const stored = JSON.stringify({ ...request, messageKey: null, acceptedTime: 0 });
  db.prepare("INSERT INTO request VALUES (1, ?)").run(stored);
  db.close();
}

test("the open tasks of a file of the first release count, with the bytes of their inputs", async () => {
  const path = temporaryPath();
  const text = 'h\u00e9llo \u{1f600} "quoted" \\ \u0001';
  firstSchema(path, text);
  const bytes = Buffer.byteLength(JSON.stringify({ payload: { text }, prompt: text }));
  await using store = sqliteStore({ path });
  const mine = newTask().input;
  const own = Buffer.byteLength(JSON.stringify(mine));
  const start = async (quota: { tasks: number; bytes: number }): Promise<unknown> => {
    const quotas = [{ per: "owner" as const, ...quota }];
    const [accepted] = await store.intake.accept({ messages: [directMessage({ quotas })] });
    return accepted?.result;
  };
  expect(await start({ tasks: 1, bytes: 1_000 })).toBe("quota_exceeded");
  expect(await start({ tasks: 2, bytes: bytes + own - 1 })).toBe("quota_exceeded");
  expect(await start({ tasks: 2, bytes: bytes + own })).toBe("task");
  expect((await store.queries.tasks({ scope: all }, { limit: 9, after: null })).items).toHaveLength(
    2,
  );
});
