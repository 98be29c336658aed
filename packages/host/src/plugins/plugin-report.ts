/** How a plugin fares, as `status` shows it. */
export interface PluginReport {
  /** As it stands in the configuration. */
  readonly specifier: string;
  /** Its own name and version; null where it could not be read. */
  readonly name: string | null;
  readonly version: string | null;
  /** `quarantined`: it failed, and nothing of it is used; the others work. */
  readonly state: "loaded" | "quarantined";
  readonly reason: string | null;
}

/** The same with what happened since it was loaded. */
export interface PluginStatus extends PluginReport {
  /** What its code threw where the contracts say that it must not. */
  readonly thrown: { readonly count: number; readonly last: string | null };
}
