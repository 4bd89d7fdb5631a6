/** Makes errands: the plan, the call that has its policy, and what the push says itself. */
import type { PushOptions } from "tq";

import { chance, oneOf, whole } from "./chance.mts";
import { type Plan, RETRY_MS, SNOOZE_MS } from "./models/errands.mts";

interface Draft extends Omit<Plan, "attempts" | "end"> {
  readonly attempts?: number;
  readonly end?: Plan["end"];
  /** The method, or null for the function. */
  readonly method: "run" | "runInTime" | "runOutside" | null;
  /** The options of the push. */
  readonly said?: Pick<
    PushOptions,
    "attempts" | "backoff" | "timeout" | "expiresAt" | "scheduledAt" | "priority"
  > | null;
}

type Backoff = NonNullable<PushOptions["backoff"]>;

/** As the policies of the models and of tq.toml say. */
const ATTEMPTS = 3;
const ATTEMPTS_IN_TIME = 10;
const WAIT_MS = 20;

/** The call of one errand, from one account to another. */
export function errand(from: number, to: number, ref: string): PushOptions {
  const { method, said, ...rest } = draft();
  const attempts = rest.attempts ?? ATTEMPTS;
  const plan: Plan = { attempts, end: rest.times < attempts ? "finished" : "failed", ...rest };
  const call = { ref, args: [from, to, plan, whole(1, 100)], ...said };
  if (method === null) return { ...call, model: "torture_errand" };
  return { ...call, model: "torture.errand", method, instances: 1 };
}

function draft(): Draft {
  const draw = Math.random();
  if (draw < 0.01) return overrun(chance(0.3) ? "hang" : "overrun");
  if (draw < 0.1) return saying();
  if (draw < 0.25) return expiring();
  if (draw < 0.35) return outside();
  if (draw < 0.5) return steered();
  return inside();
}

function inside(): Draft {
  const method = chance(0.7) ? "run" : null;
  const late = chance(0.5);
  const kind = oneOf("throw", "throw", "retry", "snooze", "snooze", "cancel", "person", "plain");
  switch (kind) {
    case "throw":
      return { method, kind, late, times: whole(0, ATTEMPTS + 1), wait: WAIT_MS };
    case "retry":
      return { method, kind, late, times: whole(0, ATTEMPTS + 1), wait: RETRY_MS };
    case "snooze":
      return { method, kind, late, times: whole(1, 2), wait: SNOOZE_MS, end: "finished" };
    case "cancel":
      return { method, kind, late, times: 1, wait: 0, end: "cancelled" };
    case "person":
      return { method, kind, late, times: 1, wait: 0, end: "failed" };
    case "plain":
      return { method, kind, late, times: 0, wait: 0 };
  }
}

/** The push says the policy. */
function steered(): Draft {
  const [times, attempts] = [whole(0, 5), whole(1, 5)];
  const growing = { kind: "linear", first: "60ms", jitter: 0.5 } as const;
  const said = {
    attempts,
    backoff: oneOf<Backoff>("30ms", ["30ms", "40ms"], growing),
  };
  const method = oneOf("run", null);
  return { method, kind: "throw", late: chance(0.5), times, attempts, wait: 30, said };
}

function outside(): Draft {
  const times = whole(0, ATTEMPTS - 1); // it would fail after its effects
  return { method: "runOutside", kind: "throw", late: true, times, wait: 10 };
}

/** A slow machine may exceed the time of the last run too, so how it ends depends. */
function overrun(kind: "overrun" | "hang"): Draft {
  const said = chance(0.3) ? ({ timeout: "200ms" } as const) : null;
  const plan = { kind, late: false, times: whole(1, 2), attempts: ATTEMPTS_IN_TIME, wait: 10 };
  return { method: "runInTime", ...plan, end: null, said };
}

function saying(): Draft {
  const times = chance(0.15) ? whole(101, 300) : whole(1, 20);
  return {
    method: chance(0.5) ? "run" : null,
    kind: "say",
    late: false,
    times,
    wait: 0,
    end: "finished",
  };
}

/** Some wait for a time of their own before; some run before all others, most of them in time. */
function expiring(): Draft {
  const delay = chance(0.5) ? whole(1, 50) : 0;
  const scheduledAt = delay === 0 ? null : (`${delay}ms` as const);
  const expiresAt = `${delay + whole(1, 600)}ms` as const;
  const said = { scheduledAt, expiresAt, priority: whole(0, 1) };
  return { method: "run", kind: "expire", late: false, times: 0, wait: 0, end: null, said };
}
