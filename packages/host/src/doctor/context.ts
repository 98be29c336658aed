import type { StoreInspection } from "@agent-bridge/store-sqlite";
import type { ConfigInspection } from "../inspect-config.ts";
import type { HostPaths } from "../paths.ts";
import type { HealthFinding } from "./finding.ts";

/** What the checks look at. What several of them need is looked at once. */
export interface DoctorContext {
  readonly paths: HostPaths;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly versions: { readonly node: string; readonly sqlite: string };
  readonly now: () => number;
  /** The bytes that this user may still write on the disk of a folder. */
  readonly freeBytes: (folder: string) => number;
  /** True while a daemon holds the state folder. */
  readonly isHeld: boolean;
  readonly hasConfig: boolean;
  readonly inspection: () => Promise<ConfigInspection>;
  /** Null where there is no database yet. @throws BridgeError STORE_CORRUPT, STORE_SCHEMA_NEWER, STORE_FAILED */
  readonly store: () => Promise<StoreInspection | null>;
}

/** One row of the table of checks. */
export interface Check {
  readonly name: string;
  /** Changes nothing. Bounded by its signal; what it throws is shown as a problem of the check itself. */
  run(context: DoctorContext, signal: AbortSignal): Promise<readonly HealthFinding[]>;
}
