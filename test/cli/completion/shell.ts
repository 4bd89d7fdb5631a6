/** A shell on a terminal, in which someone types command lines of tq; what tq is called with is kept, and not run. */
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { until } from "../../support/until.ts";
import type { Folder } from "../tq.ts";

const MAIN = `${import.meta.dir}/../../../cli/main.ts`;

/** How a shell is started without the files of its user, and the lines with which it learns to complete tq. */
const SHELLS = {
  bash: {
    start: ["bash", "--norc", "--noprofile", "-i"],
    learn: ["source <(tq completions bash)"],
  },
  zsh: {
    start: ["zsh", "-f", "-i"],
    learn: ["autoload -U compinit; compinit -D -u", "source <(tq completions zsh)"],
  },
  fish: {
    start: ["fish", "--no-config", "-i"],
    learn: ["tq completions fish | source"],
  },
} as const;

export type ShellName = keyof typeof SHELLS;

const TAB = "\t";

export class TypedShell implements AsyncDisposable {
  readonly folder: Folder;
  readonly #child: Bun.Subprocess;
  #written = "";

  private constructor(folder: Folder, name: ShellName, patience: string) {
    this.folder = folder;
    const decoder = new TextDecoder();
    folder.write("tq", script(folder));
    chmodSync(folder.file("tq"), 0o755);
    this.#child = Bun.spawn([...SHELLS[name].start], {
      cwd: folder.path,
      env: {
        PATH: `${folder.path}:${process.env["PATH"] ?? ""}`,
        HOME: folder.path,
        TERM: "xterm",
        LANG: "C.UTF-8",
        TQ_QUEUE__WORKER: "1",
        TQ_COMPLETION_PATIENCE: patience,
      },
      terminal: {
        cols: 200,
        rows: 50,
        data: (_, data) => (this.#written += decoder.decode(data, { stream: true })),
      },
    });
  }

  /** @param patience a busy machine may take long to load the models */
  static async start(folder: Folder, name: ShellName, patience = "60s"): Promise<TypedShell> {
    const shell = new TypedShell(folder, name, patience);
    for (const line of [...SHELLS[name].learn, "touch ready"]) shell.type(`${line}\r`);
    await until(() => {
      if (!existsSync(folder.file("ready"))) throw new Error(shell.text);
    });
    return shell;
  }

  /** All that stood on the terminal, without its colours. */
  get text(): string {
    return Bun.stripANSI(this.#written);
  }

  type(keys: string): void {
    this.#child.terminal?.write(keys);
  }

  /** Types a line, `⇥` for the key, and enters it. @returns the words that tq gets */
  async enter(line: string): Promise<string[]> {
    const ran = this.folder.file("ran");
    rmSync(ran, { force: true });
    this.type(`${line.replaceAll("⇥", TAB)}\r`);
    await until(() => {
      if (!existsSync(ran)) throw new Error(this.text);
    });
    return readFileSync(ran, "utf8").split("\0").slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}

/** Written under another name first: who waits for the file finds it whole. */
function script({ path }: Folder): string {
  return `#!/bin/sh
if [ "$1" = completions ]; then exec '${process.execPath}' '${MAIN}' "$@"; fi
printf '%s\\0' "$@" > '${path}/ran.new' && mv '${path}/ran.new' '${path}/ran'
`;
}
