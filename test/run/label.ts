/** Labels whose methods do what a test says next, and runs of their tasks. */
import { Model, push, type Queue, UserError } from "../../src/index.ts";
import type { makeRuntime } from "../model/support.ts";

export class JamError extends Error {
  override readonly name = "JamError";
}

/** The wait of `mended`: it breaks at the first attempt. */
const fromSecond = (attempt: number): string => {
  if (attempt > 1) return "5s";
  throw new Error("not yet");
};

/** What each method does, and what the backoff of `mended` answers. */
export const label = { does: (): unknown => undefined, answers: fromSecond };

export class Label extends Model {
  declare static readonly __queue__: Queue<typeof Label>;
  static override readonly __name__ = "label";
  static readonly tasks = {
    print: { attempts: 3, backoff: ["10s", "1m"] },
    ask: {
      attempts: 3,
      backoff: (_error: unknown, attempt: number) => (attempt === 1 ? "5s" : null),
    },
    broken: { attempts: 3, backoff: () => "soon" },
    mended: { attempts: 2, backoff: (_error: unknown, attempt: number) => label.answers(attempt) },
    only: { attempts: 3, backoff: "10s", retryOn: [JamError], failOn: ["EPAPER"] },
    people: { attempts: 3, backoff: "10s", retryOn: [UserError] },
  };
  static once(_labels: Label[]) {
    return label.does();
  }
  static print(_labels: Label[]) {
    return label.does();
  }
  static ask(_labels: Label[]) {
    return label.does();
  }
  static broken(_labels: Label[]) {
    return label.does();
  }
  static mended(_labels: Label[]) {
    return label.does();
  }
  static only(_labels: Label[]) {
    return label.does();
  }
  static people(_labels: Label[]) {
    return label.does();
  }
}

export const fails = (error: unknown) => () => {
  throw error;
};

export type Method = keyof typeof Label.tasks | "once";

/** Pushes a task of this method, and runs it as often as it is tried again, up to `most` times. */
export async function runs(tq: ReturnType<typeof makeRuntime>, method: Method, most = 9) {
  const id = await push({ model: "label", method, instances: 1 });
  tq.registry.add(Label, null, true);
  const ends = [];
  for (let run = 0; run < most; run++) {
    const task = await tq.runTask(Array.isArray(id) ? (id[0] ?? 0) : id);
    ends.push(task);
    if (task.finished_at !== null) break;
  }
  return ends;
}
