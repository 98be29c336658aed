import {
  createExplainer,
  promptKind,
  type Explainer,
  type PlacedRoute,
  type Route,
} from "@agent-bridge/core";
import {
  operatorPower,
  withoutSecrets,
  type HostPaths,
  type OperatorPower,
} from "@agent-bridge/host";
import type { Usable } from "./inspection.ts";

/** The routing table as a daemon with this configuration would have it. */
export interface RouteTable {
  readonly explainer: Explainer;
  /** Every rule of the file, in its order. */
  readonly rows: readonly RouteRow[];
  /** Where a rule of the explainer stands in the file, from 0. */
  placeOf(index: number): number;
}

/** A rule of the file. */
export interface RouteRow {
  readonly index: number;
  readonly line: number;
  readonly route: Route;
  /** The plugins of its kind and runner, as they stand in the configuration; null: agent-bridge itself, or nobody. */
  readonly kindFrom: string | null;
  readonly runnerFrom: string | null;
  /** `left_out`: its kind is not there, because of a quarantined plugin. */
  readonly reach: PlacedRoute["reach"] | "left_out";
  readonly shadowedBy: number | null;
  readonly power: OperatorPower | null;
}

/** Reads the table. Without a daemon: only what the configuration and its plugins declare. */
export function routeTable({ loaded, plugins, routes }: Usable, paths: HostPaths): RouteTable {
  const explainer = createExplainer({
    kinds: plugins.kinds,
    routes: routes.routes,
    runners: routes.runners,
    channels: plugins.channels,
    limits: loaded.config.limits,
  });
  // Those that are used are the very objects of the configuration.
  const places = routes.routes.map((used) => loaded.config.routes.indexOf(used as Route));
  const kindOwners = new Map(
    [...plugins.declared].flatMap(([specifier, { kinds }]) =>
      kinds.map(({ name }) => [name, specifier]),
    ),
  );
  const rows = loaded.config.routes.map((route, index): RouteRow => {
    const placed = explainer.routes[places.indexOf(index)];
    const by = placed?.shadowedBy ?? null;
    return {
      index,
      line: loaded.document.placeOf(["routes", index]).line,
      route: { ...route, options: withoutSecrets(route.options) as Route["options"] },
      kindFrom: route.kind === promptKind.name ? null : (kindOwners.get(route.kind) ?? null),
      runnerFrom: plugins.runnerOwners.get(route.runner) ?? null,
      reach: placed?.reach ?? "left_out",
      shadowedBy: by === null ? null : (places[by] ?? null),
      power: placed === undefined ? null : operatorPower(explainer.authority(placed.route), paths),
    };
  });
  return { explainer, rows, placeOf: (index) => places[index] ?? index };
}
