/** The model of the archive: a record for each file, and an index of its words. */
import { ModelSQL, type Queue, Transaction, v } from "tq";
import { read } from "./read.ts";

export class Document extends ModelSQL("document", {
  /** Absolute, in bytes, as file systems allow names that are not text; `showPath` makes it readable. */
  path: v.instance(Uint8Array),
  /** Size and time of the file when it was read; a file that differs is read again. */
  size: v.number(),
  mtime: v.number(),
  state: v.picklist(["waiting", "text", "binary", "unreadable"]),
  /** The kind of text, or the reason why it is binary or unreadable. */
  detail: v.optional(v.string()),
  /** SHA-256 of the whole file. */
  hash: v.optional(v.string()),
  words: v.optional(v.pipe(v.number(), v.integer())),
  /** True when only the beginning of a long text is indexed. */
  cut: v.optional(v.boolean()),
}) {
  declare static readonly __queue__: Queue<typeof Document>;

  /** The task: reads these files and indexes their words. */
  static async ingest(records: Document[]) {
    // All threads read at once, as reading needs no lock. Each writes only afterwards, as one transaction at a
    // time may write, from its first write to its end.
    const contents = records.map((record) => read(record.path));

    // The connection of this task's transaction. Records, index and the task's own "finished" commit together:
    // a task that is killed half-way leaves nothing behind and runs again.
    const { database } = Transaction.current;
    const reindex = database.query(
      "REPLACE INTO document_text (rowid, path, text) VALUES (?, ?, ?)",
    );
    const unindex = database.query("DELETE FROM document_text WHERE rowid = ?");
    for (const [at, { text, ...values }] of contents.entries()) {
      const record = records[at];
      if (record === undefined) continue;
      Object.assign(record, values);
      if (text === undefined) unindex.run(record.id);
      else reindex.run(record.id, showPath(record.path), text);
    }
    await this.save(records);
  }

  /** Removes the documents of files that no longer exist. */
  static async remove(ids: readonly number[]) {
    Transaction.current.database
      .query("DELETE FROM document_text WHERE rowid IN (SELECT value FROM json_each(?))")
      .run(JSON.stringify(ids));
    await this.delete(await this.browse(ids));
  }

  /** Creates what `ModelSQL` does not: SQLite's full-text index, and a unique key on the path. */
  static async prepare() {
    await this.search([], { limit: 0 }); // creates the table
    const { database } = Transaction.current;
    database.run("CREATE UNIQUE INDEX IF NOT EXISTS document_path ON document (path)");
    database.run(`
      CREATE VIRTUAL TABLE IF NOT EXISTS document_text
       USING fts5 (path, text, tokenize = "unicode61 remove_diacritics 2")`);
  }
}

// Control characters in a name could move the cursor; marks of direction could reverse the line.
// oxlint-disable-next-line no-control-regex -- it looks for control characters
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A path for people: bytes that are not UTF-8 become �, and characters that act on a terminal are escaped. */
export function showPath(path: Uint8Array): string {
  const text = new TextDecoder().decode(path);
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
}
