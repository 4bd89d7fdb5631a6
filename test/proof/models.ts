/** The tasks of the proof: each opens a file of its own database in some way, and has one effect. */
import { dlopen, ptr } from "bun:ffi";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { Model, ModelSQL, v } from "tq";
import { WAYS, type Way } from "../sqlite/protection/ways.ts";
import { type Note, RUNS } from "./double-runs.ts";

const { symbols } = dlopen("libc.so.6", {
  open: { args: ["ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
});

/** As a native addon does. */
function openNatively(path: string): void {
  symbols.close(symbols.open(ptr(Buffer.from(`${path}\0`)), 0));
}

/** These are not refused. */
const OTHER_WAYS: Record<string, Way> = {
  native: openNatively,
  "a child process": (path, spare) => Bun.spawn(["cp", path, spare]).exited,
  "an import as text": (path) => import(path, { with: { type: "text" } }),
  "a redirection of Bun.$": async (path) => void (await Bun.$`cat < ${path}`.quiet().nothrow()),
};

const ALL_WAYS = { ...WAYS, ...OTHER_WAYS };
const ALL_NAMES = Object.keys(ALL_WAYS);

function spareFolder(): { path: string } & Disposable {
  const path = mkdtempSync("spare-");
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** Notes that a run begins. @returns a function that notes its end */
function begin(key: number): (end: Note["end"]) => void {
  const run = Math.random();
  const note = (end: Note["end"]) =>
    appendFileSync(RUNS, `${JSON.stringify({ key, run, at: Date.now(), end } satisfies Note)}\n`);
  note(null);
  return note;
}

export class Effect extends ModelSQL("effect", { key: v.number() }) {}

export class Job extends Model {
  static override readonly __name__ = "job";

  /** Quick: it runs in a batch with others. */
  async add(): Promise<void> {
    const end = begin(this.id);
    await Effect.create([{ key: this.id }]);
    end({ way: "none", refused: false });
  }

  /** @param holds true: it has the write lock while it opens the file */
  async open(holds: boolean, pause: number): Promise<void> {
    const end = begin(this.id);
    if (holds) await Effect.create([{ key: this.id }]);
    const way = ALL_NAMES[Math.floor(this.id / 3) % ALL_NAMES.length] ?? "native";
    const refused = await this.#tryAll(ALL_WAYS[way] ?? openNatively, way in OTHER_WAYS);
    await Bun.sleep(pause);
    if (!holds) await Effect.create([{ key: this.id }]);
    end({ way, refused });
  }

  /** Once only: its worker is expected to end with 6. */
  async dropAll(): Promise<void> {
    const end = begin(this.id);
    const mark = `dropped-${this.id}`;
    if (!existsSync(mark)) {
      writeFileSync(mark, "");
      openNatively("tq.db-shm");
      await Bun.sleep(300);
    }
    await Effect.create([{ key: this.id }]);
    end({ way: "native, of the index", refused: false });
  }

  /** Opens the files that belong to the database. @returns true where all of them were refused */
  async #tryAll(way: Way, isOther: boolean): Promise<boolean> {
    const locks = readdirSync(".", { recursive: true }).filter((name) =>
      String(name).startsWith("tq.db-workers/"),
    );
    // Native code that opens the index ends the worker: `dropAll` does that, now and then.
    const files = ["tq.db", "tq.db-wal", ...(isOther ? locks : ["tq.db-shm"])];
    const results = await Promise.allSettled(
      files.map(async (file) => {
        using folder = spareFolder();
        await way(`${process.cwd()}/${String(file)}`, `${folder.path}/spare`);
      }),
    );
    return results.every(({ status }) => status === "rejected");
  }
}
