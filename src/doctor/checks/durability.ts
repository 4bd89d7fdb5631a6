/** A power cut loses no task that was acknowledged, and the disk does not make each commit wait. */
import { formatDuration } from "../../values/duration.ts";
import type { Check } from "../check.ts";

export const durability: Check = {
  name: "durability",
  subject: "durability in force",
  looks: ["doctor"],
  on: "file",
  async find({ health: { config } }) {
    if (config.database.durability === "full") return [];
    const message = `database.durability is "normal" (${config.origins["database.durability"]}): a power cut may lose the last tasks that were acknowledged`;
    return [
      { message, advice: 'set it to "full", or leave it where such tasks can be pushed again' },
    ];
  },
  fact: async ({ health: { config } }) => config.database.durability,
};

/** So slow a disk makes fewer than ten commits a second, one by one. */
const SLOW_MS = 100;

export const flush: Check = {
  name: "slow_flush",
  subject: "time that a flush to the disk takes",
  looks: ["doctor"],
  isSlow: true,
  async find(of) {
    const { store, config } = of.health;
    if (config.database.durability !== "full") return [];
    if (store.traits.isServer && (await of.server())?.waitingForStandby) return []; // this would wait too
    const ms = await of.flushTime();
    if (ms === null || ms < SLOW_MS) return [];
    const { isServer } = store.traits;
    const message = `The ${isServer ? "server" : "disk"} of ${store.name} takes ${formatDuration(ms)} to keep a commit, and each task that runs alone waits for one`;
    const advice = isServer
      ? "have it write to a faster disk, or wait for no distant standby; and push many at once"
      : 'move the database to a faster disk, push many at once, or set database.durability = "normal" where the last tasks may be lost';
    return [{ message, advice }];
  },
  async fact(of) {
    if (of.health.store.traits.isServer && (await of.server())?.waitingForStandby) return "";
    const ms = await of.flushTime();
    return ms === null ? "not measured: this user cannot write there" : formatDuration(ms);
  },
};
