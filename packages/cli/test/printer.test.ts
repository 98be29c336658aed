import { PassThrough } from "node:stream";
import { BridgeError } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { createPrinter } from "../src/printer.ts";
import type { Surroundings } from "../src/surroundings.ts";

test("what an error quotes does not steer the terminal, also not in its stack", () => {
  const stderr = new PassThrough();
  const surroundings: Surroundings = {
    env: {},
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    program: "",
    interrupts: () => new AbortController().signal,
  };
  const quoted = "\u001b]0;title\u0007\u001b[2Jmallory";
  const error = new BridgeError("KIND_UNKNOWN", { kind: quoted, known: [] });
  createPrinter(surroundings, { debug: true }).error(error);
  const said = String(stderr.read());
  expect(said).toContain('"mallory"');
  expect(said).toContain("printer.test.ts");
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(said).not.toMatch(/[\u0007\u001b]/);
});
