/**
 * Looks at the archive while others write it: a connection of its own that only reads, as any SQLite client
 * could have one. It neither waits for writers nor holds them up.
 */
// oxlint-disable-next-line no-restricted-imports -- a plain client, on tables and documented views
import { Database } from "bun:sqlite";

/** Documents of one state and detail. */
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
  /** Found words stand between « and ». */
  readonly snippet: string;
}

const LEFT = `
  SELECT coalesce(sum(json_array_length(instances)), 0) AS files
    FROM tq_tasks
   WHERE queue = 'archive' AND finished_at IS NULL`;

const WAITING = `SELECT coalesce(sum(size), 0) AS bytes FROM document WHERE state = 'waiting'`;

const FAILED = `
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

export class Look implements Disposable {
  readonly #db: Database;

  constructor(path: string) {
    this.#db = new Database(path, { readonly: true });
    this.#db.run("PRAGMA busy_timeout = 5000");
  }

  /** Bytes of the files that are still to be read, as they were when they were found. */
  waitingBytes(): number {
    return (this.#db.query(WAITING).get() as { bytes: number }).bytes;
  }

  /** Files that tasks are still to read. */
  left(): number {
    return (this.#db.query(LEFT).get() as { files: number }).files;
  }

  /** Tasks that failed since then: ms since 1970. */
  failed(since: number): { id: number; reason: string }[] {
    return this.#db.query(FAILED).all(since) as { id: number; reason: string }[];
  }

  totals(): Total[] {
    return this.#db.query(TOTALS).all() as Total[];
  }

  paths(): Uint8Array[] {
    const rows = this.#db.query("SELECT path FROM document").all() as { path: Uint8Array }[];
    return rows.map(({ path }) => path);
  }

  /** The best documents that have all of these words; `word*` stands for all that begin so. */
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

/** In quotes a word is no operator of FTS5, whatever it is. */
function toQuery(words: string): string {
  return (words.match(/\S+/g) ?? [])
    .map(
      (word) =>
        `"${word.replace(/\*$/, "").replaceAll('"', '""')}"${word.endsWith("*") ? "*" : ""}`,
    )
    .join(" ");
}
