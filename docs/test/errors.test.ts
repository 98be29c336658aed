import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exitCodeOf } from "agent-bridge";
import { BridgeError, errorCodes, type ErrorCode } from "@agent-bridge/core";

const documented = [
  ...readFileSync(join(import.meta.dirname, "../errors.md"), "utf8").matchAll(
    /^\| `([A-Z_]+)` +\| .+ \| (\d+) +\| (yes|no) +\|$/gm,
  ),
].map(([, code, exit, retryable]) => ({
  code,
  exit: Number(exit),
  retryable: retryable === "yes",
}));

/** The texts want their data; whether a code is retryable needs none. */
const isRetryable = (code: ErrorCode): boolean =>
  Object.getOwnPropertyDescriptor(BridgeError.prototype, "retryable")?.get?.call({ code }) === true;

test("the documented errors are those of the tables, with their exit codes, in the same order", () => {
  expect(documented).toEqual(
    errorCodes.map((code) => ({ code, exit: exitCodeOf[code], retryable: isRetryable(code) })),
  );
});
