import { BridgeError, type Hint, type Store } from "@agent-bridge/core";
import { intercepted, type StoreCall } from "../fixtures/intercepted.ts";
import { never, type SimulatedProcess } from "./process.ts";
import type { World } from "./world.ts";

/** What becomes of one call. */
type Fate = "done" | "crash before" | "crash after" | "refused" | "refused after";

/** Calls that only look: too many to kill a process at each. */
const looks =
  /\.(position|unacknowledged|acksDue|news|due|nextDueMs|read|head|processes)$|^queries/;

function fateOf({ dice, weather }: World, name: string): Fate {
  const scale = looks.test(name) ? 0.1 : 1;
  if (dice.chance(weather.rate("crash", 0.004 * scale))) return "crash before";
  if (dice.chance(weather.rate("crash", 0.006 * scale))) return "crash after";
  if (dice.chance(weather.rate("storeFails", 0.02 * scale))) return "refused";
  if (!looks.test(name) && dice.chance(weather.rate("storeFailsAfter", 0.01)))
    return "refused after";
  return "done";
}

/** How long a call is on its way; mostly it comes at once. */
function delayOf({ dice, weather }: World): number {
  if (dice.chance(weather.rate("storeSlow", 0.002))) return dice.between(1000, 16_000);
  if (dice.chance(weather.rate("storeSlow", 0.03))) return dice.between(20, 800);
  return dice.chance(0.12) ? dice.between(1, 12) : 0;
}

const refusal = (): BridgeError => new BridgeError("STORE_FAILED", { detail: "no connection" });

/** One process's connection to the store that all share. */
export function faultyStore(world: World, process: SimulatedProcess, shared: Store): Store {
  const { scheduler, referee } = world;

  const call = async ({ name, args, go }: StoreCall): Promise<unknown> => {
    if (process.isGone) return await never();
    const fate = fateOf(world, name);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const answer = (how: string, give: () => void): void => {
      const isTold = !looks.test(name) || how !== "";
      if (isTold) scheduler.trace(`${process.name} ${name}${referee.names(args)}${how}`);
      if (world.dice.chance(world.weather.rate("pause", 0.001))) world.pause(process);
      process.receive(delayOf(world), `answer of ${name}`, give);
    };
    const carryOut = async (): Promise<void> => {
      if (fate === "crash before") return world.crash(process, `crashes before ${name}`);
      if (fate === "refused") {
        referee.refused({ name, args });
        return answer(": refused", () => reject(refusal()));
      }
      const isStale = referee.isStale({ name, args });
      let result: unknown;
      try {
        result = await go();
      } catch (error) {
        return answer(`: ${(error as Error).message}`, () => reject(error));
      }
      referee.stored(process, { name, args, result, isStale });
      if (fate === "crash after") return world.crash(process, `crashes after ${name}`);
      if (fate === "refused after") {
        return answer(": refused after its effect", () => reject(refusal()));
      }
      answer("", () => resolve(result));
    };
    // What is on its way arrives, also when its sender is gone.
    const wayMs = delayOf(world);
    if (wayMs === 0) void carryOut();
    else
      scheduler.after(wayMs, {
        owner: null,
        label: "",
        run: () => void carryOut(),
      });
    return await promise;
  };

  const watch = (listener: (hint: Hint) => void): Disposable => {
    process.watches++;
    const watching = shared.log.watch((hint) => {
      if (process.isGone || world.dice.chance(world.weather.rate("hints", 0.25))) return;
      const isLate = world.dice.chance(0.15);
      process.receive(isLate ? world.dice.between(1, 60) : 0, "", () => listener(hint));
    });
    return {
      [Symbol.dispose]: () => {
        process.watches--;
        watching[Symbol.dispose]();
      },
    };
  };

  return intercepted(shared, (made) =>
    made.name === "log.watch" ? watch(made.args[0] as (hint: Hint) => void) : call(made),
  );
}
