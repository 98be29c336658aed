import type { Clock, Store } from "@agent-bridge/core";
import type { StoreBench } from "./bench.ts";

/** What the suite is told about a store. */
export interface StoreConformance {
  readonly name: string;
  /** Opens an empty store on this clock; called before every case, which disposes it. */
  readonly open: (clock: Clock) => Store | Promise<Store>;
  /**
   * For stores whose contents outlive them: closes the store and opens again what it kept. With it, every
   * case also runs on a store that is closed and opened again before each call.
   */
  readonly reopen?: (store: Store, clock: Clock) => Store | Promise<Store>;
}

/** One promise of the contract. */
export interface StoreCase {
  readonly title: string;
  /** True for what ends with the process: such a case does not run on a store that is closed in between. */
  readonly isLive?: boolean;
  readonly run: (bench: StoreBench) => Promise<void>;
}
