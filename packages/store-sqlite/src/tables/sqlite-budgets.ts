import type { DatabaseSync } from "node:sqlite";
import type { BudgetTable } from "@agent-bridge/core";
import { exact, prepareAll } from "./statements.ts";

/** How many rows one tidying removes: enough to keep up with what is added. */
const tidiedAtOnce = 100;

const budgetsSql = {
  add: "INSERT INTO budget VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET turns = turns + excluded.turns, tokens = tokens + excluded.tokens, work_ms = work_ms + excluded.work_ms",
  parts: "SELECT until, turns, tokens, work_ms FROM budget WHERE key = ? AND until > ?",
  old: `SELECT key, until FROM budget WHERE until <= ? LIMIT ${tidiedAtOnce}`,
  remove: "DELETE FROM budget WHERE key = ? AND until = ?",
} as const;

/** What was used of budgets, in SQLite. */
export function sqliteBudgets(db: DatabaseSync): BudgetTable {
  const sql = prepareAll(db, budgetsSql);
  return {
    add: ({ key, until, turns, tokens, workMs }) =>
      void sql.add.run(exact(key), until, turns, tokens, workMs),
    parts: (key, time) =>
      sql.parts.all(exact(key), time).map((raw) => ({
        key,
        until: Number(raw["until"]),
        turns: Number(raw["turns"]),
        tokens: Number(raw["tokens"]),
        workMs: Number(raw["work_ms"]),
      })),
    tidy: (time) => {
      for (const raw of sql.old.all(time)) sql.remove.run(String(raw["key"]), Number(raw["until"]));
    },
  };
}
