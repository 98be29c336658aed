/*
 * How fast events are appended, durably, beside what SQLite does by itself on the same disk in the same run.
 *
 *   node --conditions=agent-bridge-source packages/store-sqlite/bench/append.ts [rounds, default 5] [ms for each measurement, default 500]
 *
 * Machines and moments differ: store and SQLite take turns, and what counts is the ratio within a round.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type ClaimRef, type NewTask, systemClock } from "@agent-bridge/core";
import { sqliteStore } from "../src/index.ts";

const rounds = Number(process.argv[2] ?? 5);
const durationMs = Number(process.argv[3] ?? 500);
const clock = systemClock();
const folder = mkdtempSync(join(tmpdir(), "store-sqlite-bench-"));
const data = {
  text: "A hundred characters of what an agent says while it thinks aloud about the files it has read so far.",
  delta: true,
};
const worker = { node: "bench", boot: "1" };
let files = 0;
const newPath = (): string => join(folder, `${++files}.db`);

function task(number: number): NewTask {
  return {
    id: `task_${number}`,
    kind: "prompt",
    runner: "bench",
    owner: "bench",
    input: { payload: { text: "go" }, prompt: "go" },
    provenance: { kind: "prompt", channel: null, workspace: "", sender: null },
    rules: { options: {}, recover: "resume", unknownReply: "repeat" },
    metadata: {},
    destination: null,
    conversation: null,
    continues: null,
    questions: "decline",
    waitingText: null,
    hops: null,
    quotas: [],
    refusalText: null,
  };
}

interface Speed {
  readonly perSecond: number;
  readonly perCommit: number;
}

/** Events a second that so many producers append, each waiting for one before the next. */
async function throughStore(producers: number): Promise<Speed> {
  await using store = sqliteStore({ path: newPath() });
  const messages = Array.from({ length: producers }, (_, number) => ({
    dedupe: null,
    from: null,
    outcome: { type: "task" as const, task: task(number) },
  }));
  await store.intake.accept({ messages });
  const claims = await store.work.claim({
    worker,
    runners: ["bench"],
    leaseMs: 3_600_000,
    limit: producers,
  });
  const commits = store.commitCount;
  const start = clock.steady();
  let events = 0;
  const produce = async ({ taskId, attempt }: ClaimRef): Promise<void> => {
    while (clock.steady() - start < durationMs) {
      await store.work.append({ taskId, attempt }, { events: [{ type: "turn.text", data }] });
      events++;
    }
  };
  await Promise.all(claims.map(produce));
  const perSecond = (events * 1000) / (clock.steady() - start);
  return { perSecond, perCommit: events / (store.commitCount - commits) };
}

/** Rows a second that SQLite inserts by itself, so many in one commit, each commit synced. */
function bySqlite(rows: number): number {
  const db = new DatabaseSync(newPath());
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec(
    "CREATE TABLE event (position INTEGER PRIMARY KEY, task INTEGER, seq INTEGER, at REAL, type TEXT, body TEXT)",
  );
  const insert = db.prepare("INSERT INTO event (task, seq, at, type, body) VALUES (?, ?, ?, ?, ?)");
  let inserted = 0;
  const start = clock.steady();
  while (clock.steady() - start < durationMs) {
    db.exec("BEGIN IMMEDIATE");
    for (let row = 0; row < rows; row++)
      insert.run(row, inserted, clock.now(), "turn.text", JSON.stringify(data));
    db.exec("COMMIT");
    inserted += rows;
  }
  const perSecond = (inserted * 1000) / (clock.steady() - start);
  db.close();
  return perSecond;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const whole = (value: number): string => Math.round(value).toLocaleString("en").padStart(9);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  print(
    `Node ${process.version}, SQLite ${process.versions["sqlite"]}, ${cpus().length} × ${cpus()[0]?.model}`,
  );
  print("producers  events/s  a commit  SQLite alone  ratio  SQLite one by one  ratio");
  for (const producers of [1, 16, 256]) {
    const stores: Speed[] = [];
    const grouped: number[] = [];
    const single: number[] = [];
    for (let round = 0; round < rounds; round++) {
      stores.push(await throughStore(producers));
      grouped.push(bySqlite(producers));
      single.push(bySqlite(1));
    }
    const speeds = stores.map(({ perSecond }) => perSecond);
    const ratioTo = (base: readonly number[]): string =>
      median(speeds.map((speed, round) => speed / (base[round] ?? 1))).toFixed(2);
    print(
      `${String(producers).padStart(9)} ${whole(median(speeds))}  ${median(
        stores.map(({ perCommit }) => perCommit),
      )
        .toFixed(1)
        .padStart(
          8,
        )}     ${whole(median(grouped))}  ${ratioTo(grouped).padStart(5)}          ${whole(median(single))}  ${ratioTo(single).padStart(5)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
