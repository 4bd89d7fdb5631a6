/** Shortens the output of `bun test`, while the tests run, to a line for each file and all output of a failure. */

/** Takes the lines. */
export interface Screen {
  line(text: string): void;
  /** Shows the running file until the next line; only on a terminal. */
  status(text: string): void;
}

type End = "pass" | "fail" | "skip" | "todo";

const HEADER = /^(?:::group::)?(\S+\.test\.tsx?):$/;

/** The result of a test. It may lack a duration, or follow text that the test wrote without a newline. */
const RESULT = /^\((pass|fail|skip|todo)\) (.*)$/;
const LATE_RESULT = /^(.*)\((pass|fail)\) (.* \[\d+\.\d+ms\])$/;

/** After the last file the runner repeats failed and skipped tests, and prints counts. */
const TAIL = /^\d+ tests? (?:failed|skipped|todo):$/;
const COUNT = /^Ran \d+ tests? across /;

/** The runner prints an error outside of tests between two rules. */
const UNHANDLED = "# Unhandled error between tests";
const RULE = /^-{10,}$/;

interface File {
  readonly path: string;
  readonly counts: Record<End, number>;
  errors: number;
  /** When its last test ended. */
  ended: number;
}

export class TestOutput {
  /** Failures shown so far. */
  #failures = 0;
  readonly #screen: Screen;
  readonly #now: () => number;
  /** The end of the last chunk, a line without its end. */
  #rest = "";
  #file: File | null = null;
  /** When the tests before this file ended. */
  #since: number;
  /** The lines since the last result; they belong to the next one. */
  #said: string[] = [];
  /** How many rules of the current error outside of tests are still to come; 0: there is no such error. */
  #rules = 0;
  /** True when the last line was a failure: the runner may add `^ this test timed out after 5000ms.` to it. */
  #justFailed = false;
  /** True once the runner repeats results, after the last file. */
  #isTail = false;

  constructor(screen: Screen, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#now = now;
    this.#since = now();
  }

  write(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line.replace(/\r$/, ""));
  }

  /** Closes the last file. Shows the last output if the runner crashed, or failed and no failure was shown. */
  end(exitCode: number): void {
    if (this.#rest !== "") this.#take(this.#rest);
    const said = this.#said; // before the file is closed, which forgets them
    this.#closeFile();
    const crashed = !said.some((line) => COUNT.test(line));
    if (exitCode === 0 || (this.#failures > 0 && !crashed)) return;
    for (const line of said) this.#screen.line(line);
  }

  #take(line: string): void {
    const plain = Bun.stripANSI(line);
    const header = HEADER.exec(plain)?.[1];
    const result = RESULT.exec(plain);
    const late = result ? null : LATE_RESULT.exec(plain);
    if (TAIL.test(plain)) this.#isTail = true;
    if (this.#isTail) this.#said.push(line);
    else if (this.#rules > 0) this.#takeError(line, plain);
    else if (plain === UNHANDLED) this.#openError(line);
    else if (header !== undefined) this.#openFile(header);
    else if (result) this.#takeResult(result[1] as End, result[2] ?? "");
    else if (late) {
      this.#said.push(late[1] ?? "");
      this.#takeResult(late[2] as End, late[3] ?? "");
    } else if (this.#justFailed && /^ +\^ /.test(plain)) this.#screen.line(`  ${line.trim()}`);
    else this.#said.push(line);
    this.#justFailed = result?.[1] === "fail" || late?.[2] === "fail";
  }

  #openFile(path: string): void {
    this.#closeFile();
    this.#said = [];
    const counts = { pass: 0, fail: 0, skip: 0, todo: 0 };
    this.#file = { path, counts, errors: 0, ended: this.#since };
    this.#screen.status(path);
  }

  #takeResult(end: End, name: string): void {
    const file = this.#file;
    if (file === null) return;
    file.counts[end] += 1;
    file.ended = this.#now();
    if (end === "fail") this.#showFailure(`FAILED ${file.path}: ${name}`);
    this.#said = [];
    this.#screen.status(`${file.path}: ${tests(total(file))}`);
  }

  #showFailure(title: string): void {
    this.#failures += 1;
    this.#screen.line("");
    this.#screen.line(title);
    const first = this.#said.findIndex((line) => line !== "");
    for (const line of first === -1 ? [] : this.#said.slice(first)) this.#screen.line(line);
  }

  #openError(line: string): void {
    if (this.#file !== null) this.#file.errors += 1;
    this.#showFailure(`FAILED ${this.#file?.path ?? "bun test"}: an error outside of its tests`);
    this.#said = [];
    this.#screen.line(line);
    this.#rules = 2;
  }

  #takeError(line: string, plain: string): void {
    this.#screen.line(line);
    if (RULE.test(plain)) this.#rules -= 1;
    if (this.#file !== null) this.#file.ended = this.#now();
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    const time = ((file.ended - this.#since) / 1_000).toFixed(1);
    this.#since = file.ended;
    this.#screen.line(
      `${tests(total(file)).padStart(10)} ${time.padStart(6)} s  ${file.path}${remarks(file)}`,
    );
    this.#said = [];
  }
}

function total({ counts }: File): number {
  return counts.pass + counts.fail + counts.skip + counts.todo;
}

/** `: 1 failed, 2 skipped` */
function remarks({ counts, errors }: File): string {
  const skipped = counts.skip + counts.todo;
  const parts = [
    counts.fail > 0 ? `${counts.fail} failed` : "",
    errors > 0 ? `${errors} error${errors === 1 ? "" : "s"}` : "",
    skipped > 0 ? `${skipped} skipped` : "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

function tests(count: number): string {
  return `${count} test${count === 1 ? " " : "s"}`;
}

/** Writes to a stream; on a terminal, the last line shows the running file. */
export function screenOf(stream: NodeJS.WriteStream): Screen {
  if (!stream.isTTY || process.env["TERM"] === "dumb") {
    return { line: (text) => console.log(text), status: () => {} };
  }
  const clear = "\r\u001b[K";
  return {
    line: (text) => void stream.write(`${clear}${text}\n`),
    status: (text) => void stream.write(clear + Bun.sliceAnsi(text, 0, (stream.columns || 80) - 1)),
  };
}
