import type * as z from "zod";
import type { AgentTool, OfferedTool } from "./agent-tool.ts";
import type { Channel } from "./channel.ts";
import type { Clock, Random } from "./clock.ts";
import type { Kind } from "./kind.ts";
import type { Logger } from "./logger.ts";
import type { RouteInput } from "./route.ts";
import type { Runner } from "./runner.ts";
import type { Surface } from "./surface.ts";

/** The version of these contracts: a whole number. A plugin made for others is quarantined. */
export const pluginApi = 1;

/**
 * The versions of these contracts that a plugin works with: one (`1` or `"1"`), from one to another
 * (`"1 - 3"`), from one on (`">=2"`), or several of these, parted by `||`.
 */
export type ApiRange = number | string;

const rangePattern = /^(?:(?<one>\d+)|(?<from>\d+) - (?<to>\d+)|>=(?<least>\d+))$/;

/** True where a range holds a version. What is no range holds none. */
export function acceptsApi(range: ApiRange, version: number = pluginApi): boolean {
  return String(range)
    .split("||")
    .some((part) => {
      const found = rangePattern.exec(part.trim())?.groups;
      if (found === undefined) return false;
      const { one, from, to, least } = found;
      if (one !== undefined) return version === Number(one);
      if (least !== undefined) return version >= Number(least);
      return version >= Number(from) && version <= Number(to);
    });
}

/** What a plugin is given besides its options. */
export interface PluginContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The absolute path of a folder (0700) of this plugin's own inside the state folder. */
  readonly folder: string;
  /**
   * The tools of all plugins, for a runner that gives its agents tools. To be asked when a turn needs them: while
   * plugins are made, those that come later are not there yet.
   */
  tools(): readonly OfferedTool[];
}

/** What a plugin adds. */
export interface PluginParts {
  readonly runners?: readonly Runner[];
  readonly channels?: readonly Channel[];
  readonly surfaces?: readonly Surface[];
  readonly tools?: readonly AgentTool[];
}

/**
 * A plugin: plain data and one function of its options. Importing it does nothing; `create` does
 * nothing that outlives it until a runner runs or a channel receives.
 */
export interface Plugin<O = unknown> {
  readonly name: string;
  readonly version: string;
  readonly api: ApiRange;
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
