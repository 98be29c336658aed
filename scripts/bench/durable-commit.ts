import { DatabaseSync } from "node:sqlite";
import { type Figure, figureOf } from "./figures.ts";

/** The time of one durable commit: a row of 300 bytes, WAL, synced before it returns. */
export function measureCommit(path: string, count: number): Figure {
  const db = new DatabaseSync(path);
  db.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (body TEXT) STRICT",
  );
  const insert = db.prepare("INSERT INTO row VALUES (?)");
  const body = "x".repeat(300);
  const times = Array.from({ length: count }, () => {
    const start = performance.now();
    insert.run(body);
    return performance.now() - start;
  });
  db.close();
  return figureOf("one durable commit", "ms", times);
}
