import { errorCodes } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { exitCodeOf, exitCodes } from "../src/index.ts";

test("the exit codes are those of the contract", () => {
  expect(exitCodes).toEqual({
    ok: 0,
    failed: 1,
    usage: 2,
    config: 3,
    noDaemon: 4,
    notFound: 5,
    timedOut: 6,
    interrupted: 130,
  });
});

test("every error has an exit code, and none of them is success", () => {
  expect(Object.keys(exitCodeOf).toSorted()).toEqual([...errorCodes].toSorted());
  expect(Object.values(exitCodeOf)).not.toContain(0);
});
