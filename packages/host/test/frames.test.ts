import { BridgeError, errorCodes, type ErrorCode } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { parseLine } from "../src/socket/frames.ts";
import { fromWireError, toWireError } from "../src/socket/wire.ts";
import { LineSplitter } from "../src/socket/line-splitter.ts";

/** What a line gives, or the code of its refusal. */
function outcome(line: Buffer): unknown {
  try {
    return parseLine(line);
  } catch (error) {
    return (error as BridgeError).code;
  }
}

test("a line is parsed; one that is no JSON, no UTF-8 or too deep is refused by code", () => {
  expect(parseLine(Buffer.from('{"id":1,"text":"a[{\\"["}'))).toEqual({ id: 1, text: 'a[{"[' });
  expect(outcome(Buffer.from("nonsense"))).toBe("INPUT_INVALID");
  expect(outcome(Buffer.from([0x22, 0xff, 0x22]))).toBe("INPUT_INVALID");
  expect(outcome(Buffer.from("[".repeat(10_000) + "]".repeat(10_000)))).toBe("INPUT_TOO_DEEP");
  expect(outcome(Buffer.from("[".repeat(65) + "]".repeat(65)))).toBe("INPUT_TOO_DEEP");
  expect(outcome(Buffer.from("[".repeat(64) + "]".repeat(64)))).not.toBe("INPUT_TOO_DEEP");
  expect(outcome(Buffer.from(JSON.stringify("[".repeat(1000))))).toBe("[".repeat(1000));
});

test("lines come out whole however the bytes are cut", () => {
  const bytes = Buffer.from("one\n\nthrée\nfour");
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new LineSplitter(100);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const split of splitter.push(bytes.subarray(at, at + size))) {
        lines.push("line" in split ? split.line.toString() : "dropped");
      }
    }
    expect(lines).toEqual(["one", "", "thrée"]);
  }
});

test("a line over the limit is dropped and counted, and the next one is whole", () => {
  const splitter = new LineSplitter(4);
  const out = ["12", "345", "6\n12", "34\nx\n"].flatMap((text) => [
    ...splitter.push(Buffer.from(text)),
  ]);
  expect(out).toEqual([
    { droppedBytes: 6 },
    { line: Buffer.from("1234") },
    { line: Buffer.from("x") },
  ]);
});

test("an error of the table crosses the socket with its code, data and text", () => {
  const error = new BridgeError("TASK_NOT_FOUND", { taskId: "task_1" });
  const arrived = fromWireError(JSON.parse(JSON.stringify(toWireError(error))) as never);
  expect(arrived).toMatchObject({ code: error.code, data: error.data, message: error.message });
});

test("what is not of the table arrives as INTERNAL, also a code of a newer daemon", () => {
  expect(toWireError(new Error("oops"))).toMatchObject({ code: "INTERNAL", retryable: false });
  const newer = { code: "NEWER_CODE", message: "Something new.", data: {}, retryable: false };
  expect(errorCodes).not.toContain(newer.code as ErrorCode);
  expect(fromWireError(newer)).toMatchObject({
    code: "INTERNAL",
    message: expect.stringContaining("NEWER_CODE: Something new."),
  });
});
