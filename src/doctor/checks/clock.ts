/** The clock of this machine is right, as far as the database can tell. */
import { formatDuration } from "../../values/duration.ts";
import { isoTime } from "../../values/iso-times.ts";
import type { Check } from "../check.ts";

/** The machines of a network differ by less. */
const AHEAD_MS = 60_000;

/** tq did not exist before. */
const OLDEST = Date.UTC(2024, 0, 1);

export const clock: Check = {
  name: "clock",
  subject: "the clock",
  looks: ["doctor"],
  async find({ health: { store } }) {
    const now = store.now();
    if (now < OLDEST) {
      const message = `The clock of this machine says ${isoTime(now)}, before there was a tq`;
      return [
        { message, advice: "set it (timedatectl set-ntp true), and start the workers again" },
      ];
    }
    const latest = await store.condition.latestTime();
    if (latest - now <= AHEAD_MS) return [];
    const message = `The database has a time that is ${formatDuration(latest - now)} ahead of this clock: ${isoTime(latest)}`;
    const advice =
      "look which clock is or was wrong (timedatectl), and set it; a worker repairs the order of ready tasks as it starts, and the times of scheduled ones once its clock has gone on for a day";
    return [{ message, advice }];
  },
  fact: async ({ health: { store } }) => isoTime(store.now()),
};
