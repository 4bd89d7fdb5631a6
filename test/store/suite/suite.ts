/** What every store must do, whatever database is behind it: a file a subject beside this one. */
import { describe } from "bun:test";
import { alertTests } from "./alerts.ts";
import { byHandTests } from "./by-hand.ts";
import { claimTests } from "./claim.ts";
import { cleanTests } from "./clean.ts";
import { crashTests } from "./crash.ts";
import { cronDefinitionTests } from "./cron-definitions.ts";
import { addedCronTests } from "./cron-added.ts";
import { cronOverrideTests } from "./cron-overrides.ts";
import { cronTests } from "./cron.ts";
import { dueTests } from "./due.ts";
import { failureTests } from "./failures.ts";
import { lookingTests } from "./looking.ts";
import { orderTests } from "./order.ts";
import { pauseTests } from "./pauses.ts";
import { pushTests } from "./push.ts";
import { sessionTests } from "./session.ts";
import { filterTests } from "./filters.ts";
import { manyMoveTests } from "./many-moves.ts";
import { historyTests } from "./history.ts";
import { settleTests } from "./settle.ts";
import { situationTests } from "./situation.ts";
import { renewSubject, type Subject } from "./subject.ts";
import { forecastTests } from "./forecasts.ts";
import { statisticsTests } from "./statistics.ts";
import { taskErrorTests } from "./task-errors.ts";
import { workerTests } from "./workers.ts";

export function storeSuite(name: string, make: () => Subject): void {
  describe(name, () => {
    renewSubject(make);
    pushTests();
    claimTests();
    orderTests();
    pauseTests();
    dueTests();
    settleTests();
    historyTests();
    taskErrorTests();
    crashTests();
    workerTests();
    byHandTests();
    cleanTests();
    filterTests();
    manyMoveTests();
    lookingTests();
    situationTests();
    sessionTests();
    statisticsTests();
    forecastTests();
    cronTests();
    failureTests();
    alertTests();
    addedCronTests();
    cronDefinitionTests();
    cronOverrideTests();
  });
}
