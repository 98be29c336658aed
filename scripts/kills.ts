/**
 * Kills the daemon (SIGKILL) again and again at every moment that the promises name and at random ones, under
 * the real codex, and counts what became of each message from the fake platform's own record.
 *
 * `--kills N` (40), `--seed N` (random; printed), `--json`. Exit 1 when anything was lost, run twice in
 * silence, left behind, or repeated outside of the documented window, or a moment was never hit.
 */
import { parseArgs } from "node:util";
import { phases, schedule, seeded } from "./kills/phases.ts";
import { RunCounter } from "./kills/referee.ts";
import { type Loop, type RoundResult, runRound } from "./kills/round.ts";
import { startWorld } from "./kills/world.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "40" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const random = seeded(seed);

const results: RoundResult[] = [];
const runs = new RunCounter();
{
  await using world = await startWorld();
  const loop: Loop = { world, runs, random, nextId: 0 };
  for (const phase of schedule(Number(values.kills), random)) {
    const result = await runRound(loop, phase);
    results.push(result);
    const outcomes = result.verdicts.map(
      ({ outcome, repeated }) => `${outcome}${repeated > 0 ? ` (+${repeated})` : ""}`,
    );
    console.error(
      `${String(results.length).padStart(4)}  ${result.wasHit ? "hit " : "MISS"}  ${phase.name}: ${outcomes.join(", ")}`,
    );
  }
}

const verdictsOf = (list: readonly RoundResult[]) => list.flatMap((result) => result.verdicts);
const count = (list: readonly RoundResult[], outcome: string): number =>
  verdictsOf(list).filter((verdict) => verdict.outcome === outcome).length;
const repeatedIn = (list: readonly RoundResult[]): number =>
  verdictsOf(list).reduce((sum, verdict) => sum + verdict.repeated, 0);

const table = phases.map((phase) => {
  const own = results.filter((result) => result.phase === phase);
  return {
    phase: phase.name,
    kills: own.length,
    hits: own.filter((result) => result.wasHit).length,
    answered: count(own, "answered"),
    failedVisibly: count(own, "failed visibly"),
    lost: count(own, "lost"),
    repeated: repeatedIn(own),
  };
});
/** A kill between a canvas reply's arrival and its note shows it twice: the documented window. */
const inWindow = results.filter(
  (result) =>
    result.wasHit &&
    result.phase.failpoint === "send.after" &&
    result.phase.senders[0] === "canvas",
).length;
const randomRounds = results.filter((result) => result.phase.from === "random");
/** At a random moment: once, on a canvas, if the first had arrived before the kill and the daemon told that it repeats. */
const inWindowByChance = ({ marked, verdicts, killedAt }: RoundResult): number => {
  const repeats = verdicts.filter(
    ({ isCanvas, repeated, firstAt }) =>
      isCanvas && repeated === 1 && firstAt !== null && firstAt <= killedAt,
  );
  return Math.min(marked, repeats.length);
};
const allowed = inWindow + randomRounds.reduce((sum, result) => sum + inWindowByChance(result), 0);
const summary = {
  seed,
  kills: results.length,
  messages: verdictsOf(results).length,
  answered: count(results, "answered"),
  failedVisibly: count(results, "failed visibly"),
  lost: count(results, "lost"),
  runTwiceInSilence: runs.runTwice.length,
  orphans: results.flatMap((result) => result.orphans).length,
  repeated: repeatedIn(results),
  interruptionsInsideSending: allowed,
  phasesNeverHit: table.filter((row) => row.hits === 0).map((row) => row.phase),
};
if (values.json) console.log(JSON.stringify({ ...summary, phases: table }, null, 2));
else {
  console.table(table);
  for (const [name, value] of Object.entries(summary))
    console.log(`${name}: ${Array.isArray(value) ? value.join(", ") || "none" : value}`);
}
const isGood =
  summary.lost === 0 &&
  summary.runTwiceInSilence === 0 &&
  summary.orphans === 0 &&
  summary.repeated === allowed &&
  summary.phasesNeverHit.length === 0 &&
  results.every((result) => result.wasHit);
process.exitCode = isGood ? 0 : 1;
