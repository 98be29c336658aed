import { closeSync, constants, openSync } from "node:fs";

/** Knows whether the terminal that a process was started in is still there. */
export interface TerminalWatch {
  /** True when there was one, and it is gone; never for a process that had none. */
  isGone(): boolean;
}

/** The controlling terminal of a process can be opened by this name, as long as it is there (tty(4)). */
const controllingTerminal = "/dev/tty";

export function watchTerminal(path: string = controllingTerminal): TerminalWatch {
  const hadOne = canOpen(path);
  return { isGone: () => hadOne && !canOpen(path) };
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== "string") throw error;
    return false;
  }
}
