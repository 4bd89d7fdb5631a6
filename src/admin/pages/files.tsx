/** @jsxImportSource hono/jsx */
/** The file of the database and its disk, as facts. */
import { printable } from "../../printable.ts";
import { backupWords } from "../../store/backup-words.ts";
import type { StoreStatus } from "../../store/looking.ts";
import { formatAge } from "../../values/duration.ts";
import { formatSize } from "../../values/size.ts";
import { Fact } from "./parts.tsx";
import { WORDS } from "./words.ts";

export function Files({ status, now }: { readonly status: StoreStatus; readonly now: number }) {
  const words = WORDS.overview.facts;
  const { path, file_size, wal_size, free_size, free_disk, durability, schema } = status;
  const { oldest_ready: oldest, backup } = status;
  return (
    <dl class="facts">
      <Fact name={words.path}>{printable(path)}</Fact>
      <Fact name={words.size}>{formatSize(file_size)}</Fact>
      {wal_size !== null && <Fact name={words.wal}>{formatSize(wal_size)}</Fact>}
      {free_size !== null && <Fact name={words.free}>{formatSize(free_size)}</Fact>}
      {(free_disk ?? wal_size) !== null && (
        <Fact name={words.disk}>{free_disk === null ? "–" : formatSize(free_disk)}</Fact>
      )}
      {backup !== null && <Fact name={words.backup}>{printable(backupWords(backup, now))}</Fact>}
      <Fact name={words.oldest}>{oldest === null ? "–" : formatAge(now - oldest.since)}</Fact>
      <Fact name={words.durability}>{durability}</Fact>
      <Fact name={words.schema}>{schema}</Fact>
    </dl>
  );
}
