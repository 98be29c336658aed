import type { Limits } from "./bridge.ts";
import type { JsonObject } from "./json.ts";
import type { Runner, ToolPair } from "./runner.ts";

/** A kind that the caller may send. */
export interface DescribedKind {
  readonly name: string;
  readonly description: string;
  /** The JSON Schema of its payload; `{}` where the kind's own schema can not be written as one. */
  readonly schema: JsonObject;
}

/** A route that the caller may use. Who else may, and the runner's options, are the operator's to see. */
export interface DescribedRoute {
  readonly kind: string;
  readonly runner: string;
  readonly from?: "*" | readonly string[];
  readonly options?: JsonObject;
}

/** A runner of such a route. */
export interface DescribedRunner {
  readonly name: string;
  readonly capabilities: Runner["capabilities"];
  /** What its last check told; null: nothing yet. */
  readonly health: { readonly ready: boolean; readonly version: string | null } | null;
  /** What keeps it from working: for the operator, others are shown none. */
  readonly problems: readonly string[];
  /** The JSON Schema of what a caller may ask of one task; null: nothing. */
  readonly callerOptions: JsonObject | null;
  /** The tools that it is known by; null: none. Only where the caller may send a `prompt` to it. */
  readonly toolPair: ToolPair | null;
}

/** What a principal may send, to whom, and within which limits. */
export interface BridgeDescription {
  readonly kinds: readonly DescribedKind[];
  readonly routes: readonly DescribedRoute[];
  readonly runners: readonly DescribedRunner[];
  readonly limits: Limits;
}
