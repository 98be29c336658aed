import type { Json } from "@agent-bridge/core";
import * as fc from "fast-check";

/** A value that may stand anywhere in a message: what a platform sends by mistake, or a sender on purpose. */
const strangeValue: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, "", 0, -1, true, [], {}, "\u0000\u001b[2J", "__proto__", "💥"),
  fc.string(),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

/** One change to a payload. */
interface Change {
  /** Chooses the place, whatever the payload's shape is. */
  readonly place: number;
  readonly change: "replace" | "remove" | "add";
  readonly name: string;
  readonly value: Json;
}

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(10_000),
  change: fc.constantFrom("replace", "remove", "add"),
  name: fc.constantFrom("__proto__", "constructor", "toString", "extra", "id", "text"),
  value: strangeValue,
});

/** Payloads near the examples: each is one of them with up to five members changed, removed or added. */
export function payloadsNear(examples: readonly Json[]): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom(...examples), fc.array(change, { maxLength: 5 }))
    .map(([example, changes]) => changes.reduce(applied, example));
}

function applied(payload: Json, { place, change: kind, name, value }: Change): Json {
  // Through text: only what JSON can carry reaches a kind, `__proto__` as a plain member included.
  const copy = JSON.parse(JSON.stringify({ root: payload })) as Record<string, unknown>;
  const places = placesIn(copy);
  const target = places[place % places.length];
  if (target === undefined) return payload;
  const { holder, key } = target;
  if (kind === "replace") set(holder, key, value);
  else if (kind === "remove") Reflect.deleteProperty(holder, key);
  else {
    const inside = Reflect.get(holder, key) as unknown;
    const isObject = typeof inside === "object" && inside !== null && !Array.isArray(inside);
    set(isObject ? inside : holder, isObject ? name : key, value);
  }
  return (copy["root"] ?? null) as Json;
}

interface Place {
  readonly holder: object;
  readonly key: string;
}

function placesIn(holder: object): readonly Place[] {
  return Object.entries(holder).flatMap(([key, value]: [string, unknown]) => [
    { holder, key },
    ...(typeof value === "object" && value !== null ? placesIn(value) : []),
  ]);
}

/** Sets an own member, also one with the name of an inherited setter. */
function set(holder: object, key: string, value: Json): void {
  Object.defineProperty(holder, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
