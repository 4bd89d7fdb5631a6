/** @jsxImportSource hono/jsx */
/** The settings in effect, and where each comes from. */
import { Hono } from "hono";
import { examine } from "../../doctor/examine.ts";
import { printable } from "../../printable.ts";
import { type ListedSetting, listSettings } from "../../settings/listed.ts";
import type { BackupRecord } from "../../store/backup.ts";
import { backupWords } from "../../store/backup-words.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Desk } from "./desk.tsx";
import { Doctor } from "./doctor.tsx";
import { Fact, rowId, Table } from "./parts.tsx";
import { WORDS } from "./words.ts";

export function settingsPages(desk: Desk): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.get("/settings", desk.signedIn, async (c) => {
    const redaction = await desk.store.redactions.inForce();
    const settings = listSettings(desk.options.config, redaction);
    const checked = await examine(desk.options, { quick: true });
    const content = (
      <>
        <h1>{WORDS.pages.settings}</h1>
        <Facts desk={desk} backup={await desk.store.condition.backups()} />
        <Doctor checked={checked} />
        <h2>{WORDS.settings.inEffect}</h2>
        <p class="quiet">{WORDS.settings.intro}</p>
        <Settings settings={settings} />
      </>
    );
    return desk.show(c, { title: WORDS.pages.settings, live: {}, content });
  });
  return app;
}

interface FactsProps {
  readonly desk: Desk;
  readonly backup: BackupRecord | null;
}

function Facts({ desk: { store, options }, backup }: FactsProps) {
  const words = WORDS.settings;
  return (
    <dl class="facts">
      <Fact name={words.version}>{options.version}</Fact>
      <Fact name={words.file}>{printable(options.config.file ?? words.noFile)}</Fact>
      <Fact name={words.database}>{printable(store.name)}</Fact>
      {backup !== null && (
        <Fact name={WORDS.overview.facts.backup}>
          {printable(backupWords(backup, store.now()))}
        </Fact>
      )}
    </dl>
  );
}

function Settings({ settings }: { readonly settings: readonly ListedSetting[] }) {
  const words = WORDS.settings;
  return (
    <Table label={WORDS.pages.settings} titles={words.columns} look="stack">
      {settings.map(({ key, words: value, origin, env, description }) => (
        <tr id={rowId("setting", key)}>
          <th scope="row">
            <code>{printable(key)}</code>
          </th>
          <td class="wrap">{printable(value)}</td>
          <td class={origin === "default" ? "quiet" : ""}>{printable(words.from(origin, env))}</td>
          <td class="wrap quiet">{description}</td>
        </tr>
      ))}
    </Table>
  );
}
