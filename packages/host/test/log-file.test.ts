import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLogFile, type LogFile, type LogFileOptions } from "../src/log/log-file.ts";
import { temporaryFolder } from "./temporary.ts";

function logIn(options: Partial<LogFileOptions> = {}): { path: string; log: LogFile } {
  const path = options.path ?? join(temporaryFolder(), "daemon.log");
  const log = openLogFile({ maxBytes: 100, files: 3, ...options, path });
  onTestFinished(() => log[Symbol.dispose]());
  return { path, log };
}

const line = (number: number): string => `line ${number} ${"x".repeat(20)}\n`;
const textOf = (path: string): string => readFileSync(path, "utf8");

test("a log never grows over its size, and keeps so many files and no more", () => {
  const { path, log } = logIn();
  for (let number = 0; number < 30; number++) log.write(line(number));
  const kept = [path, `${path}.1`, `${path}.2`];
  for (const file of kept) expect(statSync(file).size).toBeLessThanOrEqual(100);
  expect(existsSync(`${path}.3`)).toBe(false);
  const newest = kept.toReversed().map(textOf).join("");
  expect(newest).toBe(
    Array.from({ length: 30 }, (_, number) => line(number))
      .slice(-newest.split("\n").length + 1)
      .join(""),
  );
});

test("one file is all where one is asked for", () => {
  const { path, log } = logIn({ files: 1 });
  for (let number = 0; number < 10; number++) log.write(line(number));
  expect(textOf(path)).toContain("line 9");
  expect(statSync(path).size).toBeLessThanOrEqual(100);
  expect(existsSync(`${path}.1`)).toBe(false);
});

test("files are the user's alone, also one that was not", () => {
  const { path, log } = logIn();
  writeFileSync(path, "", { mode: 0o644 });
  for (let number = 0; number < 6; number++) log.write(line(number));
  expect([path, `${path}.1`].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
});

test("a log that someone else puts aside or removes goes on in a new file", () => {
  const { path, log } = logIn();
  log.write(line(1));
  renameSync(path, `${path}.mine`);
  log.write(line(2));
  rmSync(path);
  log.write(line(3));
  expect([textOf(`${path}.mine`), textOf(path)]).toEqual([line(1), line(3)]);
});

test("half a line of a process that was killed does not spoil the next", () => {
  const { path, log } = logIn();
  appendFileSync(path, '{"message":"cut o');
  log.write(line(1));
  expect(textOf(path)).toBe(`{"message":"cut o\n${line(1)}`);
});

test("S26 a full disk loses lines and nothing else, and how many is told when there is room", () => {
  const { path, log } = logIn({ maxBytes: 10_000 });
  symlinkSync("/dev/full", path);
  for (let number = 0; number < 5; number++) log.write(line(number));
  rmSync(path);
  log.write(line(5));
  const [told, ...rest] = textOf(path).split("\n");
  expect(JSON.parse(told ?? "")).toMatchObject({ level: "warn", lines: 5 });
  expect(rest.join("\n")).toBe(line(5));
});

test("a folder in its place, or none to be in, is no reason to throw", () => {
  const folder = temporaryFolder();
  const path = join(folder, "state", "daemon.log");
  const { log } = logIn({ path, maxBytes: 10_000 });
  log.write(line(1));
  mkdirSync(path, { recursive: true });
  log.write(line(2));
  rmdirSync(path);
  log.write(line(3));
  expect(textOf(path)).toContain('"lines":2');
  expect(textOf(path)).toContain(line(3));
});
