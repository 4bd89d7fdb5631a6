/** The disk has room. */
import { formatSize } from "../../values/size.ts";
import type { Check } from "../check.ts";
import type { Examination } from "../examination.ts";

/** Below so many times the floor the end is near. */
const NEAR = 4;

export const disk: Check = {
  name: "disk_below_floor",
  subject: "free space on the disk",
  looks: ["ready", "doctor"],
  on: "file",
  async find(of, look) {
    const free = await of.health.store.condition.freeDisk();
    const floor = floorOf(of);
    const where = `The disk of ${of.health.store.name} has ${formatSize(free)} free`;
    if (free < floor) {
      // The doctor hears of it by the pushes that are refused.
      if (look === "doctor") return [];
      return [{ message: `${where}, less than database.min_free_mb`, advice: "free some space" }];
    }
    if (look !== "doctor" || free >= NEAR * floor) return [];
    const message = `${where}: pushes are refused below ${formatSize(floor)} (database.min_free_mb)`;
    const advice = "free some space; tq clean deletes tasks that ended long ago";
    return [{ message, advice }];
  },
  async fact(of) {
    const free = await of.health.store.condition.freeDisk();
    return free === Infinity ? "the system does not tell" : `${formatSize(free)} free`;
  },
};

function floorOf({ health: { config } }: Examination): number {
  return config.database.min_free_mb * 1_000_000;
}
