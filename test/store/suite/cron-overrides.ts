/** What the database says of a recurring task instead of its definition: a pause, other keys. */
import { describe, expect, test } from "bun:test";
import { errorOf } from "../../support/error.ts";
import { clock, store } from "./subject.ts";

const FILE = "/shop/tq.toml";
const NIGHTLY = { name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' };

const DAY = 86_400_000;

const IN_UTC = {
  name: "nightly",
  definition: '{"schedule":"@daily","task":"night.run","time_zone":"UTC"}',
};

function nextMidnight(): number {
  return (Math.floor(clock.now() / DAY) + 1) * DAY;
}

function passTo(time: number): void {
  clock.advance(time - clock.now());
}

async function row() {
  return (await store.cron.rows()).find(({ name }) => name === "nightly");
}

export function cronOverrideTests(): void {
  describe("an override of a recurring task", () => {
    const pause = { by: "root@shop", at: 0, reason: null, until: null };

    test("of a pause leaves what is decided; its end counts from then", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const at = clock.now();
      clock.advance(5_000);
      expect(await store.cron.override("nightly", () => ({ pause }))).toMatchObject({
        override: { pause },
        decidedUntil: at,
      });
      clock.advance(5_000);
      expect(await store.cron.override("nightly", () => ({}))).toMatchObject({
        override: {},
        decidedUntil: clock.now(),
      });
    });

    test("of a pause that has ended by itself leaves the slots since then", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const until = clock.now() + 5_000;
      await store.cron.override("nightly", () => ({ pause: { ...pause, until } }));
      clock.advance(9_000);
      await store.cron.override("nightly", () => ({}));
      expect(await row()).toMatchObject({ decidedUntil: until - 1 });
    });

    test("that ends a pause writes one row for all slots that no worker has decided", async () => {
      await store.cron.define({ origin: FILE, definitions: [IN_UTC] });
      const first = nextMidnight();
      const until = first + 5 * DAY + 1;
      await store.cron.override("nightly", () => ({ pause: { ...pause, until } }));
      passTo(first + 8.5 * DAY);
      await store.cron.override("nightly", () => ({}));
      expect(await store.cron.slots("nightly", 10)).toMatchObject([
        { slot: first + 5 * DAY, firstSlot: first, outcome: "paused", decidedAt: clock.now() },
      ]);
    });

    test("that has another pause take the place of one that has ended keeps the slots of that", async () => {
      await store.cron.define({ origin: FILE, definitions: [IN_UTC] });
      const first = nextMidnight();
      const until = first + 1;
      await store.cron.override("nightly", () => ({ pause: { ...pause, until } }));
      passTo(first + 2.5 * DAY);
      await store.cron.override("nightly", () => ({ pause: { ...pause, by: "another" } }));
      expect(await store.cron.slots("nightly", 10)).toMatchObject([
        { slot: first, firstSlot: null, outcome: "paused", reason: "paused by root@shop" },
      ]);
      expect(await row()).toMatchObject({ decidedUntil: first });
    });

    test("of a pause that goes on, said anew, leaves all undecided", async () => {
      await store.cron.define({ origin: FILE, definitions: [IN_UTC] });
      const at = clock.now();
      await store.cron.override("nightly", () => ({ pause }));
      clock.advance(3 * DAY);
      await store.cron.override("nightly", () => ({ pause: { ...pause, reason: "longer" } }));
      await store.cron.override("nightly", ({ override }) => ({ ...override, priority: 1 }));
      expect(await row()).toMatchObject({ decidedUntil: at });
      expect(await store.cron.slots("nightly", 10)).toEqual([]);
    });

    test("of other keys goes on where it was; other times keep the former ones", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const began = clock.now();
      clock.advance(5_000);
      await store.cron.override("nightly", () => ({ priority: 1 }));
      expect(await row()).toMatchObject({ decidedUntil: began, former: [] });
      await store.cron.override("nightly", () => ({ time_zone: "Asia/Tokyo" }));
      const former = [{ schedule: "@daily", zone: null, until: clock.now() }];
      expect(await row()).toMatchObject({ decidedUntil: began, former });
    });

    test("is not touched by a new definition of the file", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      await store.cron.override("nightly", () => ({ schedule: "@weekly", pause }));
      await store.cron.define({ origin: FILE, definitions: [{ ...NIGHTLY, definition: "{}" }] });
      expect(await row()).toMatchObject({ override: { schedule: "@weekly", pause } });
    });

    test("of one that there is not is refused with the near name", async () => {
      await store.cron.define({ origin: FILE, definitions: [NIGHTLY] });
      const refusal = await errorOf(store.cron.override("nightli", () => ({})));
      expect(refusal).toMatchObject({
        code: "not_found",
        message: 'There is no recurring task "nightli"; did you mean "nightly"?',
      });
    });
  });
}
