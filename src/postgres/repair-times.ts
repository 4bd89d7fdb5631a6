/** Repairs times in slices, so that others write in between. */
import type { Access } from "./access.ts";
import { findAhead, repair } from "./sql/clock-repair.ts";
import { repairPauses } from "./sql/pauses.ts";

/** Tasks whose times are repaired in one transaction: a few ms in which others wait for them. */
const REPAIRED_AT_ONCE = 500;

/** Repairs times written while the clock was ahead; returns how many tasks had one. */
export async function repairTimes(access: Access, what: "all" | "places"): Promise<number> {
  const onlyPlaces = what === "places";
  if (!onlyPlaces) await access.write(repairPauses);
  const began = access.now();
  let repaired = 0;
  for await (const ids of findAhead((read) => access.read(read), began, onlyPlaces)) {
    for (let start = 0; start < ids.length; start += REPAIRED_AT_ONCE) {
      const some = ids.slice(start, start + REPAIRED_AT_ONCE);
      // `began` sorts the repaired tasks before those pushed meanwhile.
      repaired += await access.write((db, now) =>
        repair(db, some, { now, to: Math.min(began, now), onlyPlaces }),
      );
    }
  }
  return repaired;
}
