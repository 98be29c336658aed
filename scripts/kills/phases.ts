import type { Failpoint } from "@agent-bridge/core";

/** A moment at which the daemon is killed. */
export interface Phase {
  readonly name: string;
  /** The daemon kills itself there; else it is killed from outside. */
  readonly failpoint: Failpoint | null;
  /** For kills from outside: when. */
  readonly from: "shell" | "random" | null;
  /** Who writes in a round: fewer senders where a certain message has to be hit. */
  readonly senders: readonly ("canvas" | "peer")[];
}

/** Every moment that the promises name. `send` stands twice: a canvas shows a repeat, a peer does not. */
export const phases: readonly Phase[] = [
  {
    name: "before the commit",
    failpoint: "accept.before",
    from: null,
    senders: ["canvas", "peer"],
  },
  {
    name: "after the commit, before anything is answered",
    failpoint: "accept.after",
    from: null,
    senders: ["canvas", "peer"],
  },
  { name: "after the spawn", failpoint: "spawn.after", from: null, senders: ["canvas", "peer"] },
  {
    name: "in mid-turn, a shell in flight",
    failpoint: null,
    from: "shell",
    senders: ["canvas", "peer"],
  },
  {
    name: "after the result, before the send",
    failpoint: "finish.after",
    from: null,
    senders: ["canvas", "peer"],
  },
  {
    name: "after the send to a canvas, before it is noted",
    failpoint: "send.after",
    from: null,
    senders: ["canvas"],
  },
  {
    name: "after the send to a peer, before it is noted",
    failpoint: "send.after",
    from: null,
    senders: ["peer"],
  },
  {
    name: "at a random moment",
    failpoint: null,
    from: "random",
    senders: ["canvas", "peer", "peer"],
  },
];

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The phases of so many kills: every one as often as the others, in an order of the seed. */
export function schedule(kills: number, random: () => number): readonly Phase[] {
  const all = Array.from({ length: kills }, (_, index) => phases[index % phases.length] as Phase);
  return all
    .map((phase) => ({ phase, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ phase }) => phase);
}
