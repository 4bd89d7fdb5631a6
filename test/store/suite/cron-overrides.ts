/** What the database says of a recurring task instead of its definition: a pause, other keys. */
import { describe, expect, test } from "bun:test";
import { errorOf } from "../../support/error.ts";
import { clock, store } from "./subject.ts";

const FILE = "/shop/tq.toml";
const NIGHTLY = { name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' };

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
