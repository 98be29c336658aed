import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { PassThrough } from "node:stream";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { declareCommands } from "../src/program.ts";
import type { Surroundings } from "../src/surroundings.ts";

const workspace = join(import.meta.dirname, "../../..");

const silent = { stdout: new PassThrough(), stderr: new PassThrough() };
const program = declareCommands({
  surroundings: silent as unknown as Surroundings,
  finish: () => undefined,
  fail: () => undefined,
});

const rooms = ["packages", "plugins"].flatMap((parent) =>
  readdirSync(join(workspace, parent)).map((name) => `${parent}/${name}`),
);

/** Every file below a folder whose name ends so. */
function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(workspace, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(workspace, folder, name));
}

const documents = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md"].map((name) => join(workspace, name)),
  ...rooms.map((room) => join(workspace, room, "README.md")).filter((file) => existsSync(file)),
  ...filesIn("docs", ".md"),
];
const sources = rooms.flatMap((room) => filesIn(`${room}/src`, ".ts"));

/** Command lines, as they stand in backticks or begin a line of a fence. */
function commandLines(text: string): readonly string[] {
  // Unescaped ones of TypeScript that hold a value are templates: a text, and no command line.
  const inText = [...text.matchAll(/(\\?)`agent-bridge ((?:[a-z]|--)[^`\n\\]*)\1`/g)]
    .filter(([, escape, line = ""]) => escape !== "" || !line.includes("${"))
    .map(([, , line = ""]) => line);
  const inFences = [...text.matchAll(/^agent-bridge ((?:[a-z]|--).*)$/gm)]
    .filter(({ index }) => isFenced(text, index))
    .map(([, line = ""]) => line.replace(/ +# .*$/, ""));
  return [...inText, ...inFences];
}

function isFenced(text: string, at: number): boolean {
  return (text.slice(0, at).match(/^```/gm)?.length ?? 0) % 2 === 1;
}

const optionsOf = (command: Command): readonly string[] => [
  "--help",
  ...command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long])),
];

/** Follows a command line as far as it names commands. @returns what does not exist; null when all does */
function unknownIn(line: string): string | null {
  const words = line.split(/\s+/);
  let command = program;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) {
      if (command.commands.length > 0 && !word.startsWith("--")) return word;
      words.unshift(word);
      break;
    }
    command = next;
  }
  const flags = words.flatMap((word) => /^\[?(--[a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  return flags.find((flag) => !optionsOf(command).includes(flag)) ?? null;
}

const everyOption = new Set(allCommands(program).flatMap(optionsOf));

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** Options of other programs that documents name by themselves. */
const others = new Set(["--conditions", "--ignore-scripts", "--max-semi-space-size"]);

const named = (files: readonly string[]): readonly (readonly [string, string])[] =>
  files
    .map((file) => [relative(workspace, file), readFileSync(file, "utf8")] as const)
    .filter(([, text]) => text.includes("agent-bridge ") || text.includes("`--"));

describe.each(named(documents))("%s", (_, text) => {
  test("names only commands and options that exist", () => {
    const unknown = commandLines(text).filter((line) => unknownIn(line) !== null);
    expect(unknown).toEqual([]);
    const flags = [...text.matchAll(/`(--[a-z][a-z-]*)/g)].map(([, flag = ""]) => flag);
    expect(flags.filter((flag) => !everyOption.has(flag) && !others.has(flag))).toEqual([]);
  });
});

test("what the bridge advises are commands and options that exist", () => {
  const lines = named(sources).flatMap(([file, text]) =>
    commandLines(text).map((line) => ({ file, line })),
  );
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter(({ line }) => unknownIn(line) !== null)).toEqual([]);
});

test("a command or an option that is none is noticed", () => {
  expect(
    commandLines("`agent-bridge tasks list` and\n```\nagent-bridge send x --now # go\n```"),
  ).toEqual(["tasks list", "send x --now"]);
  expect(unknownIn("tasks list")).toBe("tasks");
  expect(unknownIn("task lists")).toBe("lists");
  expect(unknownIn("send x --now")).toBe("--now");
  expect(unknownIn("send x --follow")).toBeNull();
});

describe("the README's table", () => {
  const readme = readFileSync(join(workspace, "packages/cli/README.md"), "utf8");
  const table = readme.slice(readme.indexOf("## Commands"), readme.indexOf("## The daemon"));
  const rows = [...table.matchAll(/^\| `(.+?)` +\|/gm)].map(([, cell = ""]) => cell);
  const wordsOf = (cell: string): readonly string[] =>
    cell.replaceAll(/\[-[^\]]*\]|--[a-z-]+.*|[A-Z]+\.json/g, "").match(/\b[a-z][a-z-]+\b/g) ?? [];

  test("has every command with all of its own", () => {
    const told = new Map<string, Set<string>>();
    for (const cell of rows) {
      const [name = "", ...inner] = wordsOf(cell);
      told.set(name, new Set([...(told.get(name) ?? []), ...inner]));
    }
    expect([...told.keys()].toSorted()).toEqual(
      program.commands.map((one) => one.name()).toSorted(),
    );
    const groups = program.commands.filter(({ commands }) => commands.length > 0);
    for (const group of groups) {
      const own = group.commands.map((one) => one.name());
      expect([...(told.get(group.name()) ?? [])].toSorted()).toEqual(own.toSorted());
    }
  });

  test("names only options of the command in their row", () => {
    for (const cell of rows) {
      const [name = ""] = wordsOf(cell);
      const command = program.commands.find((one) => one.name() === name) ?? program;
      const own = allCommands(command).flatMap(optionsOf);
      for (const [flag] of cell.matchAll(/--[a-z][a-z-]*/g)) expect(own).toContain(flag);
    }
  });
});
