import * as fc from "fast-check";

/** The nodes that work. */
export const nodes = ["north", "south"] as const;

/** Something that came up earlier, by number; counted round, so that every number picks something. */
interface Picked {
  readonly pick: number;
}

interface StepFields {
  readonly accept: {
    readonly key: number;
    readonly lane: number | null;
    readonly target: number | null;
  };
  readonly claim: { readonly node: number; readonly limit: number };
  /** Of the claims. */
  readonly append: Picked;
  readonly ask: Picked;
  readonly renew: Picked;
  readonly finish: Picked;
  readonly release: Picked & { readonly ms: number };
  readonly suspend: Picked & { readonly ms: number };
  /** Of the tasks. */
  readonly cancel: Picked;
  /** Of the questions. */
  readonly answer: Picked;
  readonly send: { readonly node: number };
  /** Of the items that were taken for sending. */
  readonly delivered: Picked;
  readonly dead: Picked;
  readonly postpone: Picked & { readonly ms: number };
  readonly acknowledge: { readonly style: "log" | "queue" };
  /** Ended tasks, so long after their end. */
  readonly remove: { readonly ms: number };
  readonly restart: { readonly node: number };
  readonly pass: { readonly ms: number };
}

/** One of these calls of a store, as data. */
export type StepOf<D extends keyof StepFields> = {
  [N in D]: { readonly do: N } & StepFields[N];
}[D];

/** One call of a store, as data. */
export type Step = StepOf<keyof StepFields>;

/** What a claim is used for. */
export type Write = StepOf<"append" | "ask" | "renew" | "finish" | "release" | "suspend">;

/** How long a claim, and the hold on an item of the outbox, lasts without renewal. */
export const holdMs = 30_000;

const pick = fc.nat(40);
const node = fc.nat(nodes.length - 1);
const ms = fc.constantFrom(0, 1_000, 20_000, holdMs, 60_000);
const row = <D extends Step["do"]>(
  name: D,
  weight: number,
  fields: { readonly [K in keyof StepFields[D]]: fc.Arbitrary<StepFields[D][K]> },
) => ({
  weight,
  arbitrary: fc.record(fields).map((given) => ({ do: name, ...given }) as unknown as StepOf<D>),
});

/** How often each call comes, and with what. */
const step: fc.Arbitrary<Step> = fc.oneof(
  row("accept", 6, {
    key: fc.nat(11),
    lane: fc.option(fc.nat(2)),
    target: fc.option(fc.nat(1)),
  }),
  row("claim", 6, { node, limit: fc.integer({ min: 0, max: 3 }) }),
  row("append", 2, { pick }),
  row("ask", 2, { pick }),
  row("renew", 2, { pick }),
  row("finish", 4, { pick }),
  row("release", 1, { pick, ms }),
  row("suspend", 2, { pick, ms }),
  row("cancel", 1, { pick }),
  row("answer", 2, { pick }),
  row("send", 3, { node }),
  row("delivered", 2, { pick }),
  row("dead", 1, { pick }),
  row("postpone", 1, { pick, ms }),
  row("acknowledge", 1, { style: fc.constantFrom("log" as const, "queue" as const) }),
  row("remove", 1, { ms }),
  row("restart", 1, { node }),
  row("pass", 2, { ms }),
);

/** Whole lives of a store, as lists of calls. */
export const lives: fc.Arbitrary<readonly Step[]> = fc.array(step, {
  minLength: 1,
  maxLength: 60,
  size: "max",
});
