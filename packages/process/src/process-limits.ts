/** The limits of one process. Times are milliseconds; an omitted or infinite time is no limit. */
export interface ProcessLimits {
  /** From the spawn to the first line, or to `started()`. No limit by default. */
  readonly startMs?: number | undefined;
  /**
   * Between two lines or `touch()`es, from the start on. Stands still while it is held (`holdIdle`) and while
   * the reader of `lines` is what the child waits for. No limit by default.
   */
  readonly idleMs?: number | undefined;
  /** From the spawn to the exit. No limit by default. */
  readonly totalMs?: number | undefined;
  /** What `interrupt` may take before SIGTERM is sent. 1,000 by default. */
  readonly interruptMs?: number | undefined;
  /** From SIGTERM to SIGKILL. 3,000 by default. */
  readonly graceMs?: number | undefined;
  /** The longest line of stdout. 16 MiB by default. */
  readonly lineBytes?: number | undefined;
  /** How much of the end of stderr is kept. 8 KiB by default. */
  readonly stderrBytes?: number | undefined;
}

/**
 * What applies where a limit is not given. The three times of an end (`interruptMs`, `graceMs` and the
 * 1.5 s that SIGKILL is given) stay under six seconds together.
 */
export const defaultLimits = {
  startMs: Infinity,
  idleMs: Infinity,
  totalMs: Infinity,
  interruptMs: 1_000,
  graceMs: 3_000,
  lineBytes: 16 * 1024 * 1024,
  stderrBytes: 8 * 1024,
} as const satisfies Required<ProcessLimits>;

export type ResolvedLimits = { readonly [Name in keyof ProcessLimits]-?: number };

/** @throws TypeError when a limit is not a number of zero or more (`lineBytes`: 1 or more) */
export function resolveLimits(limits: ProcessLimits = {}): ResolvedLimits {
  const resolved: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(limits) as [string, number | undefined][]) {
    if (value === undefined) continue;
    const isValid = value >= (name === "lineBytes" ? 1 : 0);
    if (!isValid || !(name in defaultLimits)) throw new TypeError(`${name} can not be ${value}.`);
    resolved[name] = value;
  }
  return resolved as ResolvedLimits;
}
