import type { Dice } from "./dice.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Referee } from "./referee.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** What the parts of one simulation share. */
export interface World {
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly referee: Referee;
  /** Kills a process where it stands. It comes up again later. */
  crash(process: SimulatedProcess, where: string): void;
  /** Stops a process for a while, as a machine does that sleeps. */
  pause(process: SimulatedProcess): void;
}
