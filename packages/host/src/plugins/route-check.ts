import {
  BridgeError,
  describeError,
  promptKind,
  type RouteInput,
  type Runner,
  type RunnerHealth,
} from "@agent-bridge/core";
import * as z from "zod";
import { configError, type Finding } from "../config/finding.ts";
import { nearest } from "../config/nearest.ts";
import { findingAt, type LoadedConfig } from "../config/read-config.ts";
import { schemaFindings } from "../config/schema-findings.ts";
import { checkValue } from "../config/sentences.ts";
import type { LoadedPlugins } from "./load-plugins.ts";

/** The routes and runners that the bridge is made of. */
export interface CheckedRoutes {
  readonly routes: readonly RouteInput[];
  readonly runners: readonly Runner[];
  /** What was changed because of a quarantined plugin, for the log. */
  readonly notes: readonly string[];
}

/** The same with what must be mended. */
export interface ReviewedRoutes extends CheckedRoutes {
  readonly findings: readonly Finding[];
}

/** Checks the routes as {@link reviewRoutes}. @throws BridgeError CONFIG_INVALID with every finding */
export function checkRoutes(loaded: LoadedConfig, plugins: LoadedPlugins): CheckedRoutes {
  const { findings, ...checked } = reviewRoutes(loaded, plugins);
  if (findings.length > 0) throw configError(loaded.file, findings);
  return checked;
}

/**
 * Checks the routes against what the plugins declare. While a plugin is in quarantine, names that
 * nobody declares may be its own: its runner is stood in for by one that refuses every turn visibly,
 * so that its messages are answered and not denied; routes of its kinds are left out.
 *
 * @param missing why further plugins are not there: names that nobody declares may be theirs as well
 */
export function reviewRoutes(
  loaded: LoadedConfig,
  plugins: Pick<LoadedPlugins, "kinds" | "runners" | "reports">,
  missing: readonly string[] = [],
): ReviewedRoutes {
  const quarantined = plugins.reports.flatMap(({ reason }) => (reason === null ? [] : [reason]));
  const reasons = [...quarantined, ...missing];
  const kinds = new Set([promptKind.name, ...plugins.kinds.map(({ name }) => name)]);
  const runners = new Map(plugins.runners.map((runner) => [runner.name, runner]));
  const findings: Finding[] = [];
  const notes: string[] = [];
  const routes = loaded.config.routes.filter((route, index) => {
    const at = ["routes", index];
    if (!kinds.has(route.kind)) {
      const known = [...kinds];
      const unknown = new BridgeError("KIND_UNKNOWN", { kind: route.kind, known }).message;
      if (reasons.length > 0) notes.push(`Route ${index + 1} is left out: ${unknown}`);
      else findings.push(findingAt(loaded, [...at, "kind"], unknown + meant(route.kind, known)));
      return false;
    }
    const runner = runners.get(route.runner);
    if (runner !== undefined) {
      findings.push(...optionFindings(loaded, runner, index));
      return true;
    }
    const known = [...runners.keys()];
    const unknown = new BridgeError("RUNNER_UNKNOWN", { runner: route.runner, known }).message;
    if (reasons.length === 0) {
      findings.push(findingAt(loaded, [...at, "runner"], unknown + meant(route.runner, known)));
      return false;
    }
    notes.push(`Route ${index + 1} fails every message: ${unknown}`);
    runners.set(route.runner, standIn(route.runner, reasons));
    return true;
  });
  return { routes, runners: [...runners.values()], notes, findings };
}

function meant(word: string, known: readonly string[]): string {
  const candidate = nearest(word, known);
  return candidate === undefined ? "" : ` Did you mean "${candidate}"?`;
}

function optionFindings(loaded: LoadedConfig, runner: Runner, index: number): readonly Finding[] {
  const { document, config } = loaded;
  const checked = checkValue(runner.options, config.routes[index]?.options ?? {});
  const at = ["routes", index, "options"];
  if (checked.success) {
    return problemsOf(runner, checked.data).map(({ option, detail }) =>
      findingAt(loaded, option === null ? at : [...at, option], detail),
    );
  }
  return schemaFindings(checked.error, { schema: runner.options, document, at });
}

/** What a runner misses of what options name. One that can not look says so, and is not taken at its word. */
function problemsOf(
  runner: Runner,
  options: unknown,
): readonly { readonly option: string | null; readonly detail: string }[] {
  try {
    return runner.checkOptions?.(options) ?? [];
  } catch (error) {
    const detail = `could not be checked by ${runner.name}: ${describeError(error)}`;
    return [{ option: null, detail }];
  }
}

/** A runner in the place of one that a quarantined plugin may have brought. */
function standIn(name: string, reasons: readonly string[]): Runner {
  const health: RunnerHealth = { ready: false, version: null, path: null, problems: reasons };
  return {
    name,
    capabilities: { resume: false, questions: "none" },
    sessionScope: "anywhere",
    options: z.unknown(),
    check: () => Promise.resolve(health),
    async *run() {
      yield { type: "end", outcome: "failed", message: reasons.join(" ") };
    },
  };
}
