/** What is said of a task, for each way in which it may stand. */
import { expect, test } from "bun:test";
import type { Situation } from "../../../src/store/situation.ts";
import { whyOf } from "../../../src/tasks/why/why.ts";
import { localTime } from "../../../src/values/moment.ts";
import { ended, NOW, putOff, running, situation, WORKER } from "./situations.ts";

const MODE = { mode: "worker", policy: null } as const;
const NO_WORKER = { mode: "no worker", policy: null } as const;

const PROGRAM = { ...WORKER, threads: 0, queues: [] };
const SAID = { at: NOW - 3_000, done: 7, total: 9, text: "page 7" };
const LINE = { at: NOW - 3_000, level: "info", text: "two\nlines" } as const;
const LONGEST = { id: 3, dequeued_at: NOW - 300_000 };

type Row = [cause: string, of: Situation, sentence: string, command: string | null];

const TONER = { by: "ana@till3", since: NOW, reason: "toner", until: null };
const PRINT = { kind: "queue", name: "print", ...TONER } as const;
const METHOD = { kind: "task", name: "printer.*", ...TONER, reason: null } as const;
const SINCE = `is paused by ana@till3 since ${localTime(NOW, NOW)}`;

const ROWS: Row[] = [
  [
    "paused",
    situation({ pauses: [PRINT] }),
    `Task 7 waits: its queue print ${SINCE}: toner`,
    "tq resume print",
  ],
  [
    "paused",
    situation({ pauses: [METHOD, PRINT], workers: [] }),
    `Task 7 waits: its method printer.print (printer.*) ${SINCE}; and its queue print ${SINCE}: toner; and no worker is running on this database`,
    "tq resume --task 'printer.*'",
  ],
  [
    "scheduled",
    situation({ task: { state: "scheduled", scheduled_at: NOW + 3 * 3_600_000 }, pauses: [PRINT] }),
    `Task 7 is scheduled: it is due in 3 h; and its queue print ${SINCE}: toner`,
    "tq cancel 7",
  ],
  [
    "scheduled",
    situation({ task: { state: "scheduled", scheduled_at: NOW + 3 * 3_600_000 } }),
    "Task 7 is scheduled: it is due in 3 h",
    "tq cancel 7",
  ],
  [
    "scheduled",
    situation({ task: { state: "scheduled", scheduled_at: NOW + 3 * 3_600_000, queue: "prnit" } }),
    'Task 7 is scheduled: it is due in 3 h; and no live worker takes tasks of the queue "prnit"; one takes "print": is one of the two names misspelt?',
    "tq worker --queue prnit",
  ],
  [
    "retry",
    putOff("failed"),
    'Task 7 waits for attempt 3, in 40 s, after "printer is off"',
    "tq retry 7",
  ],
  [
    "snoozed",
    putOff("snoozed"),
    'Task 7 was snoozed: it runs again in 40 s, after "printer is off"',
    "tq retry 7",
  ],
  [
    "postponed",
    putOff("postponed"),
    'Task 7 was put off by an error of the database: it runs again in 40 s, after "printer is off"',
    "tq retry 7",
  ],
  [
    "no_worker",
    situation({ workers: [] }),
    "Task 7 waits: no worker is running on this database",
    "tq worker --queue print",
  ],
  [
    "no_worker",
    situation({ workers: [{ ...WORKER, alive: false }, PROGRAM] }),
    "Task 7 waits: no worker is running on this database",
    "tq worker --queue print",
  ],
  [
    "unserved",
    situation({ task: { queue: "prnit" } }),
    'Task 7 waits: no live worker takes tasks of the queue "prnit"; one takes "print": is one of the two names misspelt?',
    "tq worker --queue prnit",
  ],
  [
    "unserved",
    situation({ task: { queue: "a b'c" } }),
    `Task 7 waits: no live worker takes tasks of the queue "a b'c"; they take print`,
    `tq worker --queue 'a b'\\''c'`,
  ],
  [
    "trouble",
    situation({ workers: [{ ...WORKER, trouble: "Cannot start thread 1" }] }),
    "Task 7 waits: its worker shop pid 4711 can run no task: Cannot start thread 1",
    "tq status",
  ],
  [
    "stopped",
    situation({ stopped: ["w-1"] }),
    "Task 7 waits for its worker shop pid 4711, a process that is stopped (SIGSTOP, or Ctrl-Z)",
    "kill -CONT 4711",
  ],
  [
    "behind",
    situation({ place: { ahead: 1 } }),
    "Task 7 waits behind 1 ready task of the queues of its worker",
    "tq worker --queue print",
  ],
  [
    "behind",
    situation({ place: { ahead: 1_200, ended: 300, endedWithin: 60_000 } }),
    "Task 7 waits behind 1200 ready tasks of the queues of its worker, at the rate of the last 1 min for about 4 min",
    "tq worker --queue print",
  ],
  [
    "behind",
    situation({ place: { ahead: 100_000, isAll: false, ended: 1_000, endedWithin: 60_000 } }),
    "Task 7 waits behind at least 100000 ready tasks of the queues of its worker, at the rate of the last 1 min for at least 1 h",
    "tq worker --queue print",
  ],
  [
    "busy",
    situation({ place: { busy: 2, longest: LONGEST } }),
    "Task 7 is the next one, and all 2 threads of its workers are busy: task 3 has run for 5 min",
    "tq why 3",
  ],
  [
    "busy",
    situation({ place: { threads: 1, busy: 1, longest: LONGEST } }),
    "Task 7 is the next one, and the one thread of its worker is busy: task 3 has run for 5 min",
    "tq why 3",
  ],
  [
    "next",
    situation({ place: { busy: 1, longest: LONGEST } }),
    "Task 7 is the next one that a thread takes",
    null,
  ],
  [
    "next",
    situation({ task: { state: "scheduled", scheduled_at: NOW } }),
    "Task 7 is the next one that a thread takes",
    null,
  ],
  [
    "suspect",
    situation({
      suspect: true,
      place: { suspects: [9] },
      task: { reason: "its worker process died" },
    }),
    'Task 7 may have ended its worker ("its worker process died"), so it waits for its turn to run without another such task: task 9 has the turn',
    "tq why 9",
  ],
  [
    "suspect",
    situation({ suspect: true, place: { ahead: 2 } }),
    "Task 7 may have ended its worker, so it waits for its turn to run without another such task: 2 of them come first",
    null,
  ],
  [
    "expired",
    situation({ task: { expires_at: NOW - 5_000 } }),
    "Task 7 expired 5 s ago, before its first run: the worker that takes it cancels it",
    "tq cancel 7",
  ],
  ["running", running(), "Task 7 has run for 12 s on thread 2 of shop pid 4711", "tq cancel 7"],
  [
    "running",
    running({ progress: SAID, lastLine: LINE }),
    'Task 7 has run for 12 s on thread 2 of shop pid 4711, and said "7 of 9, 77 %, page 7" 3 s ago',
    "tq cancel 7",
  ],
  [
    "running",
    running({ lastLine: LINE }),
    'Task 7 has run for 12 s on thread 2 of shop pid 4711, and said "two" 3 s ago',
    "tq cancel 7",
  ],
  [
    "running",
    running({}, { workers: [PROGRAM] }),
    "Task 7 has run for 12 s in the program shop pid 4711",
    "tq cancel 7",
  ],
  [
    "running",
    running({ others: 3, isHeard: true }),
    "Task 7 has run for 12 s on thread 2 of shop pid 4711",
    "tq cancel 7",
  ],
  [
    "claimed",
    running({ others: 3 }),
    "Task 7 was claimed 12 s ago on thread 2 of shop pid 4711, with 3 others: they run one after another",
    "tq cancel 7",
  ],
  [
    "stopped",
    running({}, { stopped: ["w-1"] }),
    "Task 7 has run for 12 s on shop pid 4711, a process that is stopped (SIGSTOP, or Ctrl-Z)",
    "kill -CONT 4711",
  ],
  [
    "died",
    running({}, { workers: [{ ...WORKER, alive: false }] }),
    "Task 7 was claimed by a worker that has died (shop pid 4711), and no worker lives to make it ready again",
    "tq worker",
  ],
  [
    "died",
    running({ worker: "w-0" }),
    "Task 7 was claimed by a worker that has died (which is not registered any more); another worker makes it ready again within 10 s",
    null,
  ],
  ["finished", ended("finished"), "Task 7 finished 1 min ago after 5 s", "tq retry 7"],
  [
    "finished",
    ended("finished", { reason: "none of its 2 records exists; the method was not called" }),
    'Task 7 finished 1 min ago after 5 s: "none of its 2 records exists; the method was not called"',
    "tq retry 7",
  ],
  [
    "failed",
    ended("failed", { failures: 1, reason: "Error: no paper\n  at all" }),
    'Task 7 failed 1 min ago: "Error: no paper"',
    "tq retry 7",
  ],
  [
    "cancelled",
    ended("cancelled", { dequeued_at: null, reason: "cancelled by hand" }),
    'Task 7 was cancelled 1 min ago: "cancelled by hand"',
    "tq retry 7",
  ],
  [
    "expired",
    ended("cancelled", {
      expires_at: NOW - 70_000,
      attempts: 0,
      reason: "it expired 10 s ago, before its first run",
    }),
    "Task 7 expired: its first run had not begun in time, so it was cancelled 1 min ago",
    "tq retry 7",
  ],
  [
    "expired",
    ended("cancelled", { attempts: 0, reason: "it expired 10 s ago, before its first run" }),
    "Task 7 expired: its first run had not begun in time, so it was cancelled 1 min ago",
    "tq retry 7",
  ],
  [
    "cancelled",
    ended("cancelled", { expires_at: NOW - 70_000, attempts: 0, reason: "by hand" }),
    'Task 7 was cancelled 1 min ago: "by hand"',
    "tq retry 7",
  ],
];

test.each(ROWS)("of a task: %s, %#", (cause, of, sentence, command) => {
  const why = whyOf(of, MODE);
  expect({ ...why }).toMatchObject({ cause, sentence, command });
  expect(why.purpose === null).toBe(command === null);
});

test("where programs run their own tasks, a task that waits is said to need tq worker", () => {
  const words =
    "Task 7 waits for tq worker: queue.worker is false, so a program runs a task once, after its push";
  expect(whyOf(situation({ workers: [] }), NO_WORKER)).toMatchObject({
    cause: "no_worker",
    sentence: words,
    command: "tq worker --queue print",
  });
  expect(whyOf(situation({ workers: [PROGRAM] }), NO_WORKER).sentence).toBe(
    `${words}, and the one that pushed it may be about to (pid 4711)`,
  );
  expect(whyOf(putOff("failed", { workers: [] }), NO_WORKER)).toMatchObject({
    sentence:
      'Task 7 waits for attempt 3, in 40 s, after "printer is off"; and only tq worker runs it then, as queue.worker is false',
    command: "tq worker --queue print",
  });
});

test("no rate is guessed from few ends, nor from a moment", () => {
  for (const place of [
    { ahead: 100, ended: 4, endedWithin: 60_000 },
    { ahead: 100, ended: 1_000, endedWithin: 1_000 },
  ]) {
    expect(whyOf(situation({ place }), MODE).sentence).toBe(
      "Task 7 waits behind 100 ready tasks of the queues of its worker",
    );
  }
});
