/** What is to be done at a client, worked out and not yet done. */
export type Plan =
  | { readonly state: "done"; readonly file: string }
  | {
      readonly state: "open";
      readonly file: string;
      /** Exactly what will be done: a diff of the file, or the commands. */
      readonly shown: readonly string[];
      /** Ends in a question mark. */
      readonly question: string;
      /** Does it. @returns lines on what was done */
      apply(signal: AbortSignal): Promise<readonly string[]>;
    };

/** An MCP client that can be connected. */
export interface Client {
  readonly title: string;
  /** What `--print` shows: nothing is read or changed. */
  snippet(): readonly string[];
  /** @throws BridgeError CONFIG_INVALID when the client's own file can not be read or edited */
  add(): Plan;
  /** @throws BridgeError CONFIG_INVALID */
  remove(): Plan;
}

/** What the person wants beside the entry. */
export interface ConnectChoice {
  /** The client calls the bridge's tools without asking. */
  readonly approve: boolean;
}
