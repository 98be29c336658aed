import type { Route } from "../contract/route.ts";

/**
 * Whom a rule can ever match. `nobody`: its list is empty. `shadowed`: an earlier rule takes every message that
 * it would. `asked_for`: the same, but a direct caller may ask for its runner by name.
 */
export type RouteReach = "reachable" | "nobody" | "shadowed" | "asked_for";

/** A rule of the table with its place, from 0. */
export interface PlacedRoute {
  readonly index: number;
  readonly route: Route;
  readonly reach: RouteReach;
  /** The first earlier rule that takes messages of its senders; null where none does. */
  readonly shadowedBy: number | null;
}

/** True where a rule takes every message of a sender: null stands for those that are not known. */
const takes = (route: Route, sender: string | null): boolean =>
  route.from === "*" || (sender !== null && route.from.includes(sender));

function place(route: Route, index: number, routes: readonly Route[]): PlacedRoute {
  const senders = route.from === "*" ? [null] : route.from;
  if (senders.length === 0) return { index, route, reach: "nobody", shadowedBy: null };
  const earlier = routes.slice(0, index).filter(({ kind }) => kind === route.kind);
  const isTaken = (by: readonly Route[]): boolean =>
    senders.every((sender) => by.some((other) => takes(other, sender)));
  if (!isTaken(earlier)) return { index, route, reach: "reachable", shadowedBy: null };
  const first = earlier.find((other) => senders.some((sender) => takes(other, sender)));
  const shadowedBy = first === undefined ? null : routes.indexOf(first);
  const ofRunner = earlier.filter(({ runner }) => runner === route.runner);
  return { index, route, reach: isTaken(ofRunner) ? "shadowed" : "asked_for", shadowedBy };
}

/** The rules of a table, each with whom it can match behind those before it. */
export function placeRoutes(routes: readonly Route[]): readonly PlacedRoute[] {
  return routes.map(place);
}
