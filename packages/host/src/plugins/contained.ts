import type { PluginCall, PluginCalls } from "./plugin-calls.ts";

type Method = (...args: unknown[]) => unknown;

/**
 * A part of a plugin whose methods are called as the plugin's: a kind, a runner or a channel. It is the
 * part in everything else, also in what the contracts do not know yet.
 */
export function contained<T extends object & { readonly name: string }>(
  part: T,
  {
    plugin,
    is,
    calls,
  }: { readonly plugin: string; readonly is: string; readonly calls: PluginCalls },
): T {
  // Over an empty object with the part behind it: a proxy of a frozen part could not give other values.
  return new Proxy(Object.create(part) as T, {
    get: (_, key) => {
      const value: unknown = Reflect.get(part, key, part);
      if (typeof value !== "function" || typeof key === "symbol") return value;
      const call = { plugin, what: `${is} ${part.name}.${key}` };
      return (...args: unknown[]) => {
        const of = { calls, call, args };
        const result = noted(of, () => (value as Method).apply(part, args));
        return isIterable(result) ? containedSteps(result, of) : result;
      };
    },
  });
}

/** A call with what it was given. */
interface Called {
  readonly calls: PluginCalls;
  readonly call: PluginCall;
  readonly args: readonly unknown[];
}

function noted<R>({ calls, call, args }: Called, work: () => R): R {
  const note = (error: unknown): void => {
    if (!isAborted(args)) calls.note(call, error);
  };
  try {
    const result = calls.enter(call, work);
    if (result instanceof Promise) result.catch(note);
    return result;
  } catch (error) {
    note(error);
    throw error;
  }
}

/** Every step of a runner's events is a call of its own. */
function containedSteps(events: AsyncIterable<unknown>, of: Called): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => {
      const steps = noted(of, () => events[Symbol.asyncIterator]());
      return {
        next: async () => await noted(of, async () => await steps.next()),
        return: async () =>
          (await noted(of, async () => await steps.return?.())) ?? { done: true, value: undefined },
      };
    },
  };
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** What is thrown after an abort is how a call ends, and no fault. */
function isAborted(args: readonly unknown[]): boolean {
  return args.some((arg) => {
    const signal = arg instanceof AbortSignal ? arg : (arg as { signal?: unknown } | null)?.signal;
    return signal instanceof AbortSignal && signal.aborted;
  });
}
