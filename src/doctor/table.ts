/** Every check, in the order in which its findings are told. */
import type { Check } from "./check.ts";
import { backup } from "./checks/backup.ts";
import { calls } from "./checks/calls.ts";
import { clock } from "./checks/clock.ts";
import { damage } from "./checks/damage.ts";
import { database } from "./checks/database.ts";
import { disk } from "./checks/disk.ts";
import { durability, flush } from "./checks/durability.ts";
import { fileSystem } from "./checks/file-system.ts";
import { load } from "./checks/load.ts";
import { mode } from "./checks/mode.ts";
import { models, refusedModels } from "./checks/models.ts";
import { oldestReady } from "./checks/oldest-ready.ts";
import { owners } from "./checks/owners.ts";
import { pushes } from "./checks/pushes.ts";
import { noWorker, untakenQueues } from "./checks/queues.ts";
import {
  commitsKept,
  connections,
  deadRows,
  oldSnapshot,
  serverDisk,
  serverWrites,
  standbyWait,
  vacuumed,
} from "./checks/server.ts";
import { settingsFiles } from "./checks/settings-files.ts";
import { fewThreads, threads } from "./checks/threads.ts";
import { abandoned, undecidedSlots, unservedReady } from "./checks/unserved-ready.ts";
import { schemas, versions } from "./checks/versions.ts";
import { deadWorkers, workersInTrouble } from "./checks/workers.ts";

export const CHECKS: readonly Check[] = [
  database,
  damage,
  pushes,
  disk,
  serverWrites,
  standbyWait,
  serverDisk,
  threads,
  unservedReady,
  abandoned,
  undecidedSlots,
  schemas,
  workersInTrouble,
  noWorker,
  untakenQueues,
  oldestReady,
  deadWorkers,
  fewThreads,
  versions,
  refusedModels,
  models,
  mode,
  settingsFiles,
  fileSystem,
  durability,
  commitsKept,
  flush,
  vacuumed,
  oldSnapshot,
  deadRows,
  connections,
  clock,
  owners,
  backup,
  load, // last: it runs the user's code
  calls,
];
