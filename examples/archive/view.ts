/**
 * Reads the archive while other processes write it, over a connection of its own, as any SQLite client could. It
 * neither waits for writers nor makes them wait.
 */
// oxlint-disable-next-line no-restricted-imports -- a plain client, on tables and documented views
import { Database } from "bun:sqlite";

/** The documents with one state and detail. */
export interface Total {
  readonly state: "waiting" | "text" | "binary" | "unreadable";
  readonly detail: string;
  readonly files: number;
  readonly bytes: number;
  readonly words: number;
  readonly cut: number;
}

export interface Hit {
  readonly path: Uint8Array;
  readonly words: number;
  /** « and » enclose the words found. */
  readonly snippet: string;
}

const FILES_LEFT = `
  SELECT coalesce(sum(json_array_length(instances)), 0) AS files
    FROM tq_tasks
   WHERE queue = 'archive' AND finished_at IS NULL`;

const WAITING_BYTES = `SELECT coalesce(sum(size), 0) AS bytes FROM document WHERE state = 'waiting'`;

const FAILED_TASKS = `
  SELECT id, reason
    FROM tq_tasks
   WHERE queue = 'archive' AND state = 'failed' AND finished_at >= ?
   ORDER BY id`;

const TOTALS = `
  SELECT state,
         coalesce(detail, '') AS detail,
         count(*) AS files,
         sum(size) AS bytes,
         coalesce(sum(words), 0) AS words,
         coalesce(sum(cut), 0) AS cut
    FROM document
   GROUP BY state, detail
   ORDER BY state = 'unreadable', state = 'binary', files DESC`;

const COUNT_HITS = `SELECT count(*) AS files FROM document_text WHERE document_text MATCH ?`;

const HITS = `
  SELECT document.path,
         document.words,
         snippet(document_text, 1, '«', '»', '…', 16) AS snippet
    FROM document_text
    JOIN document ON document.id = document_text.rowid
   WHERE document_text MATCH ?
   ORDER BY rank
   LIMIT 3`;

export class ArchiveView implements Disposable {
  readonly #db: Database;

  constructor(path: string) {
    this.#db = new Database(path, { readonly: true });
    this.#db.run("PRAGMA busy_timeout = 5000");
  }

  /** Bytes of the files that wait to be read, by their size when they were found. */
  waitingBytes(): number {
    return (this.#db.query(WAITING_BYTES).get() as { bytes: number }).bytes;
  }

  /** Files that tasks have not read yet. */
  left(): number {
    return (this.#db.query(FILES_LEFT).get() as { files: number }).files;
  }

  /** The tasks that failed since a time. @param since in ms since 1970 UTC */
  failed(since: number): { id: number; reason: string }[] {
    return this.#db.query(FAILED_TASKS).all(since) as { id: number; reason: string }[];
  }

  totals(): Total[] {
    return this.#db.query(TOTALS).all() as Total[];
  }

  paths(): Uint8Array[] {
    const rows = this.#db.query("SELECT path FROM document").all() as { path: Uint8Array }[];
    return rows.map(({ path }) => path);
  }

  /** The best matches that have all of these words; `word*` stands for every word that begins with `word`. */
  search(words: string): { files: number; hits: Hit[] } {
    const query = toQuery(words);
    if (query === "") return { files: 0, hits: [] };
    const { files } = this.#db.query(COUNT_HITS).get(query) as { files: number };
    return { files, hits: this.#db.query(HITS).all(query) as Hit[] };
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

/** Quotes each word, so that FTS5 takes none for an operator. */
function toQuery(words: string): string {
  return (words.match(/\S+/g) ?? [])
    .map(
      (word) =>
        `"${word.replace(/\*$/, "").replaceAll('"', '""')}"${word.endsWith("*") ? "*" : ""}`,
    )
    .join(" ");
}
