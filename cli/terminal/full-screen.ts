/** The whole terminal for a command that draws it again and again; at the end it is as it was. */
import { isTerminal } from "../../src/log/terminal.ts";
import { outputTerminal, write, type Terminal } from "./terminal.ts";

/** Another screen than that of the shell, without a cursor, whose lines are not wrapped. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";

const HOME = "\u001b[H";
const ERASE_LINE = "\u001b[K";
const ERASE_BELOW = "\u001b[J";

const CTRL_Z = "\u001a";

/** 128 and the number of SIGQUIT. */
const QUIT_STATUS = 131;

interface Handlers {
  /** Called with what is typed; nothing is typed where standard input is no terminal. */
  readonly onKeys: (keys: string) => void;
  /** The terminal has another size, or its program goes on after a stop: all is to be drawn. */
  readonly onChange: () => void;
}

/** True where standard output is a terminal that can be drawn on. */
export function isScreen(): boolean {
  return isTerminal(1) && process.env["TERM"] !== "dumb";
}

export class FullScreen implements Disposable {
  readonly #handlers: Handlers;
  readonly #hasKeys = isTerminal(0);
  #isEntered = false;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
    process.stdout.on("resize", handlers.onChange);
    process.on("SIGTSTP", this.#stop);
    process.on("SIGCONT", this.#goOn);
    process.on("SIGQUIT", this.#quit);
    process.on("exit", this.#leave); // also where the process is ended from elsewhere
    if (this.#hasKeys) {
      process.stdin.on("data", this.#onData);
      process.stdin.on("end", this.#onEnd);
    }
    this.#enter();
  }

  /** The lines that fit, and their width. */
  get size(): Terminal & { readonly height: number; readonly hasKeys: boolean } {
    return { ...outputTerminal(), height: process.stdout.rows || 24, hasKeys: this.#hasKeys };
  }

  /** @param lines no wider and no more than `size` says */
  draw(lines: readonly string[]): void {
    if (!this.#isEntered) return;
    const text = lines.map((line) => ERASE_LINE + line).join("\r\n"); // afterwards it would erase the last column
    write(HOME + text + ERASE_BELOW);
  }

  [Symbol.dispose](): void {
    this.#leave();
    process.stdout.off("resize", this.#handlers.onChange);
    process.off("SIGTSTP", this.#stop);
    process.off("SIGCONT", this.#goOn);
    process.off("SIGQUIT", this.#quit);
    process.off("exit", this.#leave);
    if (!this.#hasKeys) return;
    process.stdin.off("data", this.#onData);
    process.stdin.off("end", this.#onEnd);
    process.stdin.pause();
  }

  #enter(): void {
    this.#isEntered = true;
    if (this.#hasKeys) {
      process.stdin.setRawMode(false); // else a terminal that the shell has changed meanwhile counts as raw
      process.stdin.setRawMode(true);
    }
    askSize();
    write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    try {
      write(LEAVE);
      if (this.#hasKeys) process.stdin.setRawMode(false);
    } catch {
      // the terminal is gone
    }
  };

  readonly #onData = (data: Buffer): void => {
    const keys = data.toString();
    if (keys.includes(CTRL_Z)) this.#stop();
    else this.#handlers.onKeys(keys);
  };

  readonly #quit = (): void => process.exit(QUIT_STATUS); // the handler of "exit" leaves the screen

  readonly #onEnd = (): void => this.#handlers.onKeys("q");

  /** Gives the terminal back to the shell; the process stands still in here until it is to go on. */
  readonly #stop = (): void => {
    this.#leave();
    process.kill(process.pid, "SIGSTOP");
    this.#goOn();
  };

  /** Also after a stop that nothing has announced: SIGSTOP. The shell has had the terminal meanwhile. */
  readonly #goOn = (): void => {
    this.#enter();
    this.#handlers.onChange();
  };
}

/** A stopped process is not told that its terminal has another size. */
function askSize(): void {
  (process.stdout as { _refreshSize?: () => void })._refreshSize?.();
}
