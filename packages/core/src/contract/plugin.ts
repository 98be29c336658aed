import type * as z from "zod";
import type { Channel } from "./channel.ts";
import type { Clock, Random } from "./clock.ts";
import type { Kind } from "./kind.ts";
import type { Logger } from "./logger.ts";
import type { RouteInput } from "./route.ts";
import type { Runner } from "./runner.ts";

/** The version of these contracts. A plugin made for another one is quarantined. */
export const pluginApi = 1;

/** What a plugin is given besides its options. */
export interface PluginContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The absolute path of a folder (0700) of this plugin's own inside the state folder. */
  readonly folder: string;
}

/** What a plugin adds. */
export interface PluginParts {
  readonly runners?: readonly Runner[];
  readonly channels?: readonly Channel[];
}

/**
 * A plugin: plain data and one function of its options. Importing it does nothing; `create` does
 * nothing that outlives it until a runner runs or a channel receives.
 */
export interface Plugin<O = unknown> {
  readonly name: string;
  readonly version: string;
  readonly api: number;
  readonly options: z.ZodType<O>;
  readonly kinds: readonly Kind[];
  create(options: O, context: PluginContext): PluginParts;
  /** Routes to copy from; shown to people, never active by themselves. */
  readonly exampleRoutes?: readonly RouteInput[];
}

/** Declares a plugin. Only types the data; nothing happens. */
export function definePlugin<O>(plugin: Plugin<O>): Plugin<O> {
  return plugin;
}
