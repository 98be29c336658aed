import { closeSync, openSync, readSync } from "node:fs";
import type { BridgeStatus } from "@agent-bridge/core";

/** Which agent ran. */
export interface RunnerProof {
  readonly name: string;
  readonly version: string | null;
  readonly path: string | null;
  /** True for a native program that talked to the model as codex does; a script in its place is not. */
  readonly isReal: boolean;
}

/** How native programs begin: ELF, and Mach-O of 64 bits. */
const magics = ["7f454c46", "cffaedfe"];

function isNative(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(4);
    readSync(file, head, 0, 4, 0);
    return magics.includes(head.toString("hex"));
  } finally {
    closeSync(file);
  }
}

/** Tells which codex ran, from the runner's own report, its file, and how the model was spoken to. */
export function proveRunner(
  runners: BridgeStatus["runners"],
  requests: readonly { readonly headers: Readonly<Record<string, unknown>> }[],
): RunnerProof {
  const health = runners.find((runner) => runner.name === "codex")?.health ?? null;
  // Codex sends this header with each request of a turn; no other client does.
  const spoke = requests.some(
    ({ headers }) => typeof headers["x-codex-turn-metadata"] === "string",
  );
  const path = health?.path ?? null;
  return {
    name: "codex",
    version: health?.version ?? null,
    path,
    isReal: path !== null && isNative(path) && spoke,
  };
}
