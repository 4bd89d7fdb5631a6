/** The server of the database keeps what it has confirmed, cleans up, and has connections left. */
import type { ServerCondition } from "../../store/condition.ts";
import { oldSnapshotWords } from "../../store/snapshot-words.ts";
import { formatDuration } from "../../values/duration.ts";
import type { Check, Found, Look } from "../check.ts";
import type { Examination } from "../examination.ts";

/** A check of the server. */
function onServer(
  name: string,
  subject: string,
  find: (server: ServerCondition, of: Examination) => Found | null,
  fact: (server: ServerCondition) => string,
  looks: readonly Look[] = ["doctor"],
): Check {
  const read = async (of: Examination): Promise<ServerCondition> => {
    const server = await of.server();
    if (server === null) throw new Error("there is no server");
    return server;
  };
  return {
    name,
    subject,
    looks,
    on: "server",
    async find(of) {
      const found = find(await read(of), of);
      return found === null ? [] : [found];
    },
    fact: async (of) => fact(await read(of)),
  };
}

/** Where a setting can stand, by the words of the server. */
const READ_ONLY_FOR: Readonly<Record<string, string>> = {
  client: "this connection (options in database.url, or PGOPTIONS)",
  "database user": "the role in this database",
  user: "the role",
  database: "the database",
};

export const serverWrites = onServer(
  "server_read_only",
  "the server takes writes",
  ({ isStandby, readOnlyBy }, { health: { store } }) => {
    if (isStandby) {
      return {
        message: `The server of ${store.name} is a standby, which takes no writes`,
        advice: "name the primary in database.url, or promote this one",
      };
    }
    if (readOnlyBy === null) return null;
    const where = READ_ONLY_FOR[readOnlyBy] ?? "the server";
    return {
      message: `The server of ${store.name} takes no writes: default_transaction_read_only is on for ${where}`,
      advice:
        "name the primary in database.url where another server has taken over, or reset that setting",
    };
  },
  ({ version }) => `PostgreSQL ${version}`,
);

export const standbyWait = onServer(
  "standby_wait",
  "commits end",
  ({ waitingForStandby: waiting }) =>
    waiting === 0
      ? null
      : {
          message: `${waiting === 1 ? "A commit waits" : `${waiting} commits wait`} for a synchronous standby that does not answer: what ${waiting === 1 ? "it has" : "they have"} stored counts for others once that is back`,
          advice:
            "bring the standby back, or take it out of synchronous_standby_names and reload the server",
        },
  ({ synchronousStandbys }) =>
    synchronousStandbys === "" ? "" : `synchronous_standby_names = ${synchronousStandbys}`,
  ["status", "doctor"],
);

export const serverDisk: Check = {
  name: "server_disk_full",
  subject: "the server's disk has room",
  looks: ["doctor"],
  on: "server",
  isSlow: true,
  async find(of) {
    const trial = await of.diskTrial();
    const advice = "make room on the disk of the server; tasks go on once there is";
    return typeof trial === "string" ? [] : [{ message: trial.refusal, advice }];
  },
  hint: async (of) =>
    (await of.diskTrial()) === "not tried"
      ? "not tried: a standby takes nothing, and elsewhere a user needs the right to make temporary tables"
      : "",
  fact: async () => "it has taken a megabyte, and given it back",
};

export const commitsKept = onServer(
  "durability",
  "commits are kept",
  ({ synchronousCommit, synchronousStandbys, standbys }) => {
    if (synchronousCommit === "off") {
      return {
        message:
          "The server confirms commits before they are on its disk (synchronous_commit = off): a crash of it may lose the last tasks that were acknowledged",
        advice:
          "set it to on, for the server or by ALTER ROLE, or leave it where such tasks can be pushed again",
      };
    }
    const waits = synchronousStandbys !== "" && synchronousCommit !== "local";
    if (standbys === 0 || waits) return null;
    const which = standbys === 1 ? "A standby follows" : `${standbys} standbys follow`;
    return {
      message: `${which} the server, and commits wait for none: a failover may lose the last tasks that were acknowledged`,
      advice: "set synchronous_standby_names, or leave it where such tasks can be pushed again",
    };
  },
  ({ synchronousCommit, standbys }) =>
    standbys === 0
      ? `synchronous_commit = ${synchronousCommit}`
      : `synchronous_commit = ${synchronousCommit}, on standbys too`,
);

export const vacuumed = onServer(
  "autovacuum_off",
  "the server cleans up by itself",
  ({ isVacuumed }) =>
    isVacuumed
      ? null
      : {
          message:
            "Autovacuum is off: what has ended or was deleted stays in the table of tasks, which grows and becomes slower",
          advice:
            "set autovacuum = on and track_counts = on on the server; ALTER TABLE tq.task RESET (autovacuum_enabled) where it is off for the table",
        },
  () => "autovacuum is on",
);

export const oldSnapshot = onServer(
  "old_snapshot",
  "no transaction is open for long",
  ({ oldestSnapshot }) => oldestSnapshot && oldSnapshotWords(oldestSnapshot),
  ({ oldestSnapshot, seesAll }) => {
    const age = oldestSnapshot?.age ?? null;
    const oldest =
      age === null
        ? "none is open"
        : `the oldest for ${formatDuration(Math.max(Math.round(age / 1_000), 0) * 1_000)}`;
    return seesAll
      ? oldest
      : `${oldest}; those of other roles cannot be seen without pg_read_all_stats`;
  },
);

/** Fewer dead rows are the usual ones between two VACUUMs. */
const MANY_DEAD = 500_000;

export const deadRows = onServer(
  "dead_rows",
  "dead rows of tasks",
  ({ deadRows: dead, rows }) =>
    dead < MANY_DEAD || dead < rows
      ? null
      : {
          message: `The table of tasks has ${dead} dead rows beside ${rows} others: the server does not come to clean them up`,
          advice:
            "look for a transaction that is open for long (old_snapshot), give autovacuum more workers, or run VACUUM tq.task now",
        },
  ({ deadRows: dead, rows }) => `${dead} beside ${rows} others`,
);

/** Of all connections. */
const NEARLY_ALL = 0.8;

export const connections = onServer(
  "connections",
  "connections that are left",
  ({ connections: used, maxConnections: most }) =>
    used < NEARLY_ALL * most
      ? null
      : {
          message: `${used} of the server's ${most} connections are used: once all are, programs and workers cannot connect`,
          advice:
            "raise max_connections of the server, let workers have fewer threads, or lower database.connections",
        },
  ({ connections: used, maxConnections: most }) => `${used} of ${most} used`,
);
