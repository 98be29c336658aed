import type { Dice } from "./dice.ts";

/** What can go wrong in a simulation. */
export const faults = [
  "crash",
  "failpoint",
  "pause",
  "stop",
  "hints",
  "storeSlow",
  "storeFails",
  "storeFailsAfter",
  "channelSlow",
  "channelFails",
  "sendUnknown",
  "redelivery",
  "clockJump",
  "runner",
] as const;

export type Fault = (typeof faults)[number];

/**
 * How strong each fault is in one simulation. Every seed has weather of its own: what is always mixed hides
 * what only shows where some of it is missing.
 */
export interface Weather {
  /** How likely a fault is, where `base` is its likelihood in usual weather. */
  rate(fault: Fault, base: number): number;
  /** From here on nothing goes wrong any more. */
  clear(): void;
  readonly strengths: Readonly<Record<Fault, number>>;
}

export function weatherOf(dice: Dice, without: ReadonlySet<Fault>): Weather {
  const strengthOf = (): number => {
    const thrown = dice.next();
    if (thrown < 0.35) return 0;
    return thrown < 0.8 ? 1 : 3;
  };
  const strengths = {} as Record<Fault, number>;
  // Thrown also for what is left out, so that the others stay as they are.
  for (const fault of faults) {
    const strength = strengthOf();
    strengths[fault] = without.has(fault) ? 0 : strength;
  }
  let isClear = false;
  return {
    strengths,
    rate: (fault, base) => (isClear ? 0 : strengths[fault] * base),
    clear: () => {
      isClear = true;
    },
  };
}
