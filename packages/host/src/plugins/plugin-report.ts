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
