/** What the archive keeps: a record for each file, and an index of the words in it. */
import { ModelSQL, type Queue, Transaction, v } from "tq";
import { read } from "./read.ts";

export class Document extends ModelSQL("document", {
  /** Absolute. Bytes, because file systems do not promise text; `showPath` makes it readable. */
  path: v.instance(Uint8Array),
  /** As they were when the file was read; a file that differs from them is read again. */
  size: v.number(),
  mtime: v.number(),
  state: v.picklist(["waiting", "text", "binary", "unreadable"]),
  /** What kind of text; else why it is binary or unreadable. */
  detail: v.optional(v.string()),
  /** SHA-256 of the whole file. */
  hash: v.optional(v.string()),
  words: v.optional(v.pipe(v.number(), v.integer())),
  /** True when only the beginning of a long text is indexed. */
  cut: v.optional(v.boolean()),
}) {
  declare static readonly __queue__: Queue<typeof Document>;

  /** Reads these files and indexes their words: the task. */
  static async ingest(records: Document[]) {
    // Reading takes long and holds nothing, so all threads do it at once. Writing comes after it: only
    // one transaction of a database writes at a time, from its first write to its end.
    const contents = records.map((record) => read(record.path));

    // The raw connection of this task's transaction. Records, index and the task's own "finished" commit
    // together: a task that is killed half-way leaves nothing behind and runs again.
    const { database } = Transaction.current;
    const index = database.query("REPLACE INTO document_text (rowid, path, text) VALUES (?, ?, ?)");
    const forget = database.query("DELETE FROM document_text WHERE rowid = ?");
    for (const [at, { text, ...values }] of contents.entries()) {
      const record = records[at];
      if (record === undefined) continue;
      Object.assign(record, values);
      if (text === undefined) forget.run(record.id);
      else index.run(record.id, showPath(record.path), text);
    }
    await this.save(records);
  }

  /** Takes the documents of files that are gone out of the archive. */
  static async remove(ids: readonly number[]) {
    Transaction.current.database
      .query("DELETE FROM document_text WHERE rowid IN (SELECT value FROM json_each(?))")
      .run(JSON.stringify(ids));
    await this.delete(await this.browse(ids));
  }

  /** Makes what `ModelSQL` does not make by itself: SQLite's full-text index, and a key on the path. */
  static async prepare() {
    await this.search([], { limit: 0 }); // makes the table
    const { database } = Transaction.current;
    database.run("CREATE UNIQUE INDEX IF NOT EXISTS document_path ON document (path)");
    database.run(`
      CREATE VIRTUAL TABLE IF NOT EXISTS document_text
       USING fts5 (path, text, tokenize = "unicode61 remove_diacritics 2")`);
  }
}

// Control characters in a name could move the cursor; marks of direction could turn the line around.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A path for people: what is not UTF-8 becomes �, and no character of it does anything to a terminal. */
export function showPath(path: Uint8Array): string {
  const text = new TextDecoder().decode(path);
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
}
