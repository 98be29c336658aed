import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../src/confirm.ts";
import type { Surroundings } from "../src/surroundings.ts";

/** Surroundings whose person types a line. */
function answering(line: string, isTerminal = true) {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: isTerminal });
  const stdin = terminal();
  const stderr = terminal();
  stdin.write(`${line}\n`);
  const interrupts = () => new AbortController().signal;
  const surroundings: Surroundings = {
    env: {},
    stdin,
    stdout: terminal(),
    stderr,
    program: "",
    interrupts,
  };
  return { surroundings, said: () => String(stderr.read() ?? "") };
}

const asked = { question: "Drop 3 dead letters for good?", yes: false, isJson: false };

test.each([
  ["y", true],
  ["YES", true],
  ["", false],
  ["n", false],
  ["yesterday", false],
])("the answer %j is taken as %s", async (line, isYes) => {
  const { surroundings, said } = answering(line);
  expect(await confirm(surroundings, asked)).toBe(isYes);
  expect(said()).toContain("Drop 3 dead letters for good? [y/N]");
});

test("a yes that was given before is not asked for", async () => {
  const { surroundings, said } = answering("n", false);
  expect(await confirm(surroundings, { ...asked, yes: true })).toBe(true);
  expect(said()).toBe("");
});

test.each([
  ["off a terminal", asked, false],
  ["for JSON", { ...asked, isJson: true }, true],
])("%s nobody can be asked, and nothing is taken for a yes", async (_, question, isTerminal) => {
  const { surroundings } = answering("y", isTerminal);
  await expect(confirm(surroundings, question)).rejects.toMatchObject({ code: "INPUT_INVALID" });
});
