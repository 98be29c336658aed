import type { RunnerAuthority } from "@agent-bridge/core";
import type { OperatorPower } from "@agent-bridge/host";

/** What a run could do to the bridge itself, in a sentence. */
export const powerTexts: Readonly<Record<OperatorPower, string>> = {
  none: "it reaches neither the bridge's files nor its socket",
  reads: "it can read the bridge's state folder: what the operator sees, this run can see",
  full: "THIS RUN HAS OPERATOR POWER: it can reach the bridge's socket, or write its state or configuration",
  unknown: "ITS RUNNER DOES NOT SAY WHAT IT MAY DO: take it that this run has operator power",
};

const extent = (allowed: RunnerAuthority["reads"]): string => {
  if (allowed === "*") return "everything that this user may";
  return allowed.length === 0 ? "nothing" : allowed.join(", ");
};

/** What a run may do, as names and values. */
export function authorityFacts(
  authority: RunnerAuthority | null,
  power: OperatorPower,
): readonly (readonly [string, string])[] {
  if (authority === null) return [["power", powerTexts[power]]];
  const { reads, writes, network, notes } = authority;
  return [
    ["reads", extent(reads)],
    ["writes", extent(writes)],
    ["network", network ? "yes" : "no"],
    ["power", powerTexts[power]],
    ...notes.map((note): readonly [string, string] => ["note", note]),
  ];
}
