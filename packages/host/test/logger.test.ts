import { expect, test } from "vitest";
import { createLogger } from "../src/index.ts";

function logged(style: "json" | "text", secrets: ReadonlySet<string> = new Set()) {
  const lines: string[] = [];
  return { lines, logger: createLogger({ style, secrets, write: (line) => lines.push(line) }) };
}

test("detached, each line is one JSON object with level, time and data", () => {
  const { lines, logger } = logged("json");
  logger.warn("A poll failed", {
    channel: "x",
    error: new Error("outer", { cause: new Error("in") }),
  });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "warn",
    message: "A poll failed",
    channel: "x",
    error: "outer (in)",
    at: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test("on a terminal a line is short and carries no control characters of others", () => {
  const { lines, logger } = logged("text");
  logger.info("A poll\n failed\u001b[31m", { channel: "x\u0007" });
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}A poll {2}failed \[31m channel=x \n$/);
});

test("debug lines are left out unless they are asked for", () => {
  const { lines, logger } = logged("json");
  logger.debug("detail");
  expect(lines).toEqual([]);
});

test.each(["json", "text"] as const)("secrets do not reach the log (%s)", (style) => {
  const secrets = new Set<string>();
  const { lines, logger } = logged(style, secrets);
  secrets.add('tok"en-1234');
  logger.error('failed with tok"en-1234', { url: 'https://x/?t=tok"en-1234' });
  expect(lines.join("")).not.toContain("en-1234");
  expect(lines.join("")).toContain("[secret]");
});

test("a secret that is a part of another leaves nothing of it in the log", () => {
  const { lines, logger } = logged("json", new Set(["prefix", "prefix-and-the-rest"]));
  logger.error("failed with prefix-and-the-rest");
  expect(lines.join("")).toContain("failed with [secret]");
  expect(lines.join("")).not.toContain("rest");
});

test.each(["json", "text"] as const)(
  "no form of a canary secret reaches the log, nor a half of it (%s)",
  (style) => {
    const canary = 'canary "7f3a"\nsecond/line+49c1';
    const { lines, logger } = logged(style, new Set([canary]));
    const inJson = JSON.stringify({ token: canary });
    logger.error(`plain ${canary}`, { [canary]: "as a key" });
    logger.warn("in data", { deep: [{ a: canary }], error: new Error("x", { cause: canary }) });
    logger.warn("in JSON", { body: inJson, twice: JSON.stringify({ body: inJson }) });
    logger.warn("in an address", { url: `https://x/?t=${encodeURIComponent(canary)}` });
    // Where a long text is cut, a secret must not be cut in two before it is found.
    logger.warn("over the cut", { text: `${"x".repeat(16 * 1024 - 9)}${canary}` });
    logger.warn(`${"x".repeat(16 * 1024 - 9)}${canary}`);
    const all = lines.join("");
    expect(all).not.toMatch(/canary|7f3a|second|49c1/);
    expect(all.split("[secret]")).toHaveLength(10);
  },
);

test("a text of megabytes is cut, and its length told", () => {
  const { lines, logger } = logged("json");
  logger.error("failed", { answer: "x".repeat(5_000_000) });
  expect(lines[0]?.length).toBeLessThan(20_000);
  expect(lines[0]).toContain("(5000000 characters)");
});
