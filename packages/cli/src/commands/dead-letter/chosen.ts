import type { Command } from "commander";
import { BridgeError, type DeadLetter } from "@agent-bridge/core";
import type { DaemonClient } from "@agent-bridge/host";
import type { CommonOptions } from "../../command.ts";

/** Which dead letters a command is about: those named, or with `--all` those that match. */
export interface ChoiceOptions extends CommonOptions {
  readonly all?: boolean;
  readonly reason?: string;
  readonly channel?: string;
  /** Epoch milliseconds. */
  readonly before?: number;
  readonly yes?: boolean;
}

/** How many are looked at in a step: each comes with up to 256 KiB of payload. */
const pageLetters = 50;

/** Gives a command the options that choose among dead letters. */
export function addChoiceOptions(command: Command): Command {
  return command
    .argument("[dead-letter-id...]")
    .option("--all", "all of them, or with the options below those that match")
    .option("--reason <reason>", "with --all: only of this reason, such as not_allowed")
    .option("--channel <name>", "with --all: only of this channel")
    .option("--before <time>", "with --all: only older ones, ISO 8601 such as 2026-05-31", timeOf)
    .option("--yes", "do not ask");
}

/** A date, or a date with a time: which zone a time without one means is nobody's guess. */
const isoTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

function timeOf(text: string): number {
  const at = isoTime.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const detail = "write a date such as 2026-05-31, or 2026-05-31T12:00:00Z.";
  throw new BridgeError("INPUT_INVALID", { what: `--before ${text}`, detail });
}

function matches(letter: DeadLetter, { reason, channel, before }: ChoiceOptions): boolean {
  return (
    (reason === undefined || letter.reason === reason) &&
    (channel === undefined || letter.channel === channel) &&
    (before === undefined || letter.at < before)
  );
}

const invalid = (detail: string): BridgeError =>
  new BridgeError("INPUT_INVALID", { what: "The choice of dead letters", detail });

/**
 * The ids of the dead letters that are meant, oldest first where they were looked up.
 *
 * @throws BridgeError INPUT_INVALID when neither or both ways were used
 */
export async function chosenLetters(
  client: DaemonClient,
  asked: { readonly ids: readonly string[]; readonly options: ChoiceOptions },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { ids, options } = asked;
  const { all = false, reason, channel, before } = options;
  const hasFilter = [reason, channel, before].some((value) => value !== undefined);
  if (all === ids.length > 0) throw invalid("name some, or say --all.");
  if (!all && hasFilter) throw invalid("--reason, --channel and --before go with --all.");
  if (!all) return [...new Set(ids)];
  const found: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<typeof client.call<"deadLetters">>> = await client.call(
      "deadLetters",
      { limit: pageLetters, after },
      { signal },
    );
    for (const letter of page.items) if (matches(letter, options)) found.unshift(letter.id);
    if (page.next === null) return found;
    after = page.next;
  }
}
