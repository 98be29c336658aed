import { createInterface } from "node:readline/promises";
import { BridgeError } from "@agent-bridge/core";
import type { Surroundings } from "./surroundings.ts";

/** What is asked before something that can not be undone, or is much. */
export interface Confirmation {
  /** Ends in a question mark. */
  readonly question: string;
  /** `--yes`: not asked. */
  readonly yes: boolean;
  /** `--json`: nobody can be asked. */
  readonly isJson: boolean;
}

/**
 * Asks the person at the terminal; anything but a yes is a no.
 *
 * @throws BridgeError INPUT_INVALID where nobody can be asked and `--yes` was not given
 */
export async function confirm(
  surroundings: Surroundings,
  { question, yes, isJson }: Confirmation,
): Promise<boolean> {
  if (yes) return true;
  const { stdin, stderr } = surroundings;
  if (isJson || stdin.isTTY !== true || stderr.isTTY !== true) {
    const detail = `nobody can be asked here: ${question} Say --yes if so.`;
    throw new BridgeError("INPUT_INVALID", { what: "The command", detail });
  }
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `, {
      signal: surroundings.interrupts(),
    });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
