import { expect, test } from "bun:test";
import { CountLine } from "../../cli/terminal/count-line.ts";

const ERASE = "\r\u001b[K";

/** A line to a terminal or a pipe, and what was written of it. */
function lineTo(kind: "terminal" | "pipe" | "nothing") {
  const written: string[] = [];
  const clock = { time: 0 };
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const line = new CountLine({
    quiet: kind === "nothing",
    elapsed: () => clock.time,
    to: { isTerminal: kind === "terminal", write: (text) => resolve(void written.push(text)) },
  });
  const showAt = (time: number) => {
    clock.time = time;
    line.show(() => `at ${time}`);
  };
  return { line, clock, written, first, showAt };
}

test("a command of less than 300 ms says nothing", () => {
  for (const kind of ["terminal", "pipe"] as const) {
    const { line, written, showAt } = lineTo(kind);
    showAt(299);
    line.end();
    expect(written).toEqual([]);
  }
});

test("a terminal shows the count in one line, at most ten times a second, and no more at the end", () => {
  const { line, written, showAt } = lineTo("terminal");
  for (const time of [300, 350, 399, 400]) showAt(time);
  line.end();
  expect(written).toEqual([`${ERASE}tq: at 300`, `${ERASE}tq: at 400`, ERASE]);
});

test("a pipe is told once", () => {
  const { line, written, showAt } = lineTo("pipe");
  for (const time of [300, 400, 60_000]) showAt(time);
  line.end();
  expect(written).toEqual(["tq: at 300\n"]);
});

test("with --quiet or --json nothing is said", () => {
  const { written, showAt } = lineTo("nothing");
  showAt(60_000);
  expect(written).toEqual([]);
});

test("a look that cannot tell how far it is says what it does", async () => {
  const { line, clock, written, first } = lineTo("pipe");
  clock.time = 300;
  const found = await line.during("counts the tasks", async () => {
    await first;
    return 7;
  });
  expect([found, written]).toEqual([7, ["tq: counts the tasks\n"]]);
});
