import * as z from "zod";

/** The options of the plugin. */
export const portalOptionsSchema = z.strictObject({
  /** How many sockets there may be at once. */
  sockets: z.int().min(1).max(4_000).default(2_000),
});

/** The plugin's options as they are used. */
export type PortalOptions = z.output<typeof portalOptionsSchema>;
