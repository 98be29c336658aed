/** All chance of a simulation: the same seed throws the same. */
export interface Dice {
  /** 0 up to, and without, 1. */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  pick<T>(list: readonly T[]): T;
  bytes(count: number): Uint8Array;
}

/** A generator of 128 bits of state (a small fast counter), stirred before its first throw. */
export function dice(seed: number): Dice {
  let a = seed >>> 0;
  let b = (seed ^ 0x9e3779b9) >>> 0;
  let c = Math.imul(seed | 1, 0x85ebca6b) >>> 0;
  let counter = 1;
  const word = (): number => {
    const sum = (a + b + counter++) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    return sum;
  };
  for (let stir = 0; stir < 16; stir++) word();
  const next = (): number => word() / 2 ** 32;
  return {
    next,
    chance: (probability) => probability > 0 && next() < probability,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (list) => {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new TypeError("There is nothing to pick from.");
      return picked;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => word() & 255),
  };
}
