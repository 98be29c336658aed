import type { Clock } from "../contract/clock.ts";
import { BridgeError } from "../contract/errors.ts";

/** How long a call may go on after its signal has aborted, before it is left to itself. */
const lingerMs = 1000;

/** The bounds of a call into a part of the bridge: a channel, a runner's check, the sweeper. */
export interface CallBounds {
  /** Names the call in errors. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** When the call is asked to stop by itself. */
  readonly limitMs: number;
}

/**
 * Calls something that can not be trusted to listen to its signal. It is asked to stop when the outer
 * signal aborts or the limit has passed, and a second later it is no longer waited for.
 *
 * @throws the reason of the outer signal; BridgeError TIMED_OUT; what the call throws
 */
export async function boundedCall<T>(
  clock: Clock,
  bounds: CallBounds,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { what, signal, limitMs } = bounds;
  const own = new AbortController();
  const { promise: leftToItself, reject } = Promise.withResolvers<never>();
  let linger: { stop(): void } | undefined;
  const stop = (reason: unknown): void => {
    if (own.signal.aborted) return;
    own.abort(reason);
    linger = clock.timer(lingerMs, () => reject(reason));
  };
  const onAbort = (): void => stop(signal.reason);
  const limit = clock.timer(limitMs, () =>
    stop(new BridgeError("TIMED_OUT", { what, afterMs: limitMs })),
  );
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([call(own.signal), leftToItself]);
  } finally {
    limit.stop();
    linger?.stop();
    signal.removeEventListener("abort", onAbort);
  }
}
