/** The order of ready tasks over several queues, compared with a sorted list. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { NewTask } from "../../../src/task.ts";
import { claim, newTask, OWNER, cancelAll } from "../../support/store.ts";
import { clock, register, store } from "./subject.ts";

interface Ready {
  readonly id: number;
  readonly task: NewTask;
}

function before(a: Ready, b: Ready): number {
  const due = ({ task }: Ready): number => task.expectedAt ?? clock.now();
  return b.task.priority - a.task.priority || due(a) - due(b) || a.id - b.id;
}

const PATTERNS: [queues: string[], wants: (queue: string) => boolean][] = [
  [[], () => true],
  [["*"], () => true],
  [["q*"], (queue) => queue.startsWith("q")],
  [["*7"], (queue) => queue.endsWith("7")],
  [["q1?"], (queue) => /^q1.$/.test(queue)],
  [["q3"], (queue) => queue === "q3"],
  [["q3", "p5", "none"], (queue) => ["q3", "p5"].includes(queue)],
  [["p1*", "q*9", "q3", "p*"], (queue) => /^(p|q.*9$|q3$)/.test(queue)],
];

const task = (queues: number): fc.Arbitrary<NewTask> =>
  fc
    .record({
      queue: fc
        .nat(queues - 1)
        .map((number) => `${number % 4 === 0 ? "p" : "q"}${Math.floor(number / 2)}`),
      priority: fc.constantFrom(0, 0, 0, 1, -1),
      after: fc.option(fc.integer({ min: -3, max: 3 })),
    })
    .map(({ queue, priority, after }) =>
      newTask({ queue, priority, expectedAt: after === null ? null : clock.now() + after }),
    );

const round = (queues: number) =>
  fc.record({
    pushed: fc.array(task(queues), { maxLength: 150, size: "max" }),
    pattern: fc.constantFrom(...PATTERNS),
    limit: fc.constantFrom(1, 2, 7, 60, 1000),
    kept: fc.nat(3),
  });

export function orderTests(): void {
  describe("a claim of several queues", () => {
    test.each([3, 40, 400])(
      "takes what a sorted list of the tasks of up to %d queues has first",
      async (queues) => {
        await register(OWNER.worker);
        await fc.assert(
          fc.asyncProperty(
            fc.array(round(queues), { minLength: 3, maxLength: 8 }),
            async (list) => {
              let ready: Ready[] = [];
              for (const { pushed, pattern, limit, kept } of list) {
                const [patterns, wants] = pattern;
                const ids = await store.push(pushed);
                ready.push(...pushed.map((task, at) => ({ id: ids[at] ?? 0, task })));
                ready.sort(before);
                const wanted = ready.filter(({ task }) => wants(task.queue)).slice(0, limit);
                const claimed = await claim(store, { queues: patterns, limit });
                expect(claimed.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
                const back = claimed.slice(kept);
                await store.write((session) => session.handBack(back));
                const gone = new Set(claimed.slice(0, kept).map(({ id }) => id));
                ready = ready.filter(({ id }) => !gone.has(id));
                await store.adapt();
              }
              await cancelAll(store, { states: ["ready"] });
            },
          ),
          { numRuns: 12 },
        );
      },
      60_000,
    );
  });
}
