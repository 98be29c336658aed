import process from "node:process";
import { parseArgs } from "node:util";
import { shortest } from "../packages/core/test/simulation/shortest.ts";
import { type Plan, type Played, simulate } from "../packages/core/test/simulation/simulation.ts";
import { type Fault, faults } from "../packages/core/test/simulation/weather.ts";

/*
 * Plays the engine in simulated time against whatever can go wrong, once for each seed. Ends with 1 when a promise
 * was broken, and with what plays it again.
 */

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    /** The first seed; alone, the only one. */
    seed: { type: "string" },
    actions: { type: "string" },
    /** Faults that do not happen, with commas between. */
    without: { type: "string" },
    /** Shows every step. */
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`--${name} takes a whole number, not "${text}".`);
  return value;
};
const isFault = (name: string): name is Fault => (faults as readonly string[]).includes(name);
const without = (values.without ?? "").split(",").filter((name) => name !== "");
const unknown = without.find((name) => !isFault(name));
if (unknown !== undefined)
  throw new TypeError(`There is no fault "${unknown}"; there are ${faults.join(", ")}.`);

const isSeedsGiven = process.argv.some((text) => text.startsWith("--seeds"));
const first =
  values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : number("seed", values.seed);
const count = values.seed !== undefined && !isSeedsGiven ? 1 : number("seeds", values.seeds);
const planOf = (seed: number): Plan => ({
  seed,
  without: without.filter(isFault),
  ...(values.actions === undefined ? {} : { actions: number("actions", values.actions) }),
});

const command = ({ plan }: Played): string =>
  [
    `pnpm simulate --seed ${plan.seed}`,
    ...(plan.actions === undefined ? [] : [`--actions ${plan.actions}`]),
    ...(plan.without === undefined || plan.without.length === 0
      ? []
      : [`--without ${plan.without.join(",")}`]),
    "--trace",
  ].join(" ");

async function tell(failed: Played): Promise<void> {
  const short = await shortest(failed);
  console.error(`\n\nseed ${failed.plan.seed} broke a promise: ${failed.violation?.promise}`);
  console.error(`${short.violation?.detail}\n`);
  console.error(short.lines.slice(-150).join("\n"));
  console.error(
    `\nthe shortest play found, of ${short.counts.steps} steps (trace ${short.traceHash.slice(0, 12)}): ${command(short)}`,
  );
}

const totals = {
  steps: 0,
  simulatedMs: 0,
  events: 0,
  tasks: 0,
  crashes: 0,
  interruptedSends: 0,
  repeatedReplies: 0,
};
const outcomes: Record<string, number> = {};
const broken: { seed: number; promise: string }[] = [];
const began = performance.now();
const seconds = (): number => (performance.now() - began) / 1000;
let played: Played | undefined;
for (let seed = first; seed < first + count; seed++) {
  played = await simulate(planOf(seed));
  for (const name of Object.keys(totals) as (keyof typeof totals)[])
    totals[name] += played.counts[name];
  for (const [name, times] of Object.entries(played.outcomes))
    outcomes[name] = (outcomes[name] ?? 0) + times;
  if (played.violation !== null) {
    broken.push({ seed, promise: played.violation.promise });
    if (values.trace) continue;
    await tell(played);
  }
  const done = seed - first + 1;
  if (process.stderr.isTTY)
    process.stderr.write(
      `\r${done} of ${count} seeds, ${(done / seconds()).toFixed(0)} a second, ${broken.length} broken `,
    );
}
if (values.trace && played !== undefined) {
  console.log(played.lines.join("\n"));
  console.log(`trace ${played.traceHash}`);
}
if (process.stderr.isTTY) process.stderr.write("\n");
const { simulatedMs, ...counted } = totals;
const summary = {
  firstSeed: first,
  seeds: count,
  seconds: Math.round(seconds() * 10) / 10,
  simulatedHours: Math.round(simulatedMs / 360_000) / 10,
  ...counted,
};
if (values.json) console.log(JSON.stringify({ ...summary, outcomes, broken }, null, 2));
else {
  const table = { ...summary, ...outcomes };
  for (const [name, value] of Object.entries(table)) console.log(`${name}: ${value}`);
  const told = broken.map(({ seed, promise }) => `${seed} (${promise})`).join(", ");
  console.log(`broken promises: ${told || "none"}`);
}
process.exitCode = broken.length === 0 ? 0 : 1;
