/** The terminal from which a program was started: its end ends the programs. */
import { closeSync, constants, openSync } from "node:fs";

/** True while this process has a terminal. False for a service, and once the terminal is closed. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
