import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const folder = join(import.meta.dirname, "../decisions");
const files = readdirSync(folder).filter((name) => name !== "README.md");

test("the table has every decision, in order", () => {
  const table = readFileSync(join(folder, "README.md"), "utf8");
  const rows = [...table.matchAll(/^\| `(.+?\.md)`/gm)].map(([, file]) => file);
  expect(rows).toEqual(files.toSorted());
});

test("decisions are numbered from 1, each number once", () => {
  const numbers = files.map((name) => Number(name.slice(0, 4))).toSorted((a, b) => a - b);
  expect(numbers).toEqual(files.map((_, index) => index + 1));
});
