/** Every way that Bun and Node.js have to open a file; the module is loaded after a store was opened. */
import { file, write } from "bun";
import * as fs from "node:fs";
import { cpSync, createReadStream, openSync, readFile, readFileSync } from "node:fs";
import * as promises from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { pathToFileURL } from "node:url";

export type Way = (path: string, spare: string) => unknown;

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const chunk of stream) void chunk;
}

function calledBack(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
}

/** Each gets the path of the file, and a path that it may write. */
export const WAYS: Record<string, Way> = {
  readFileSync: (path) => readFileSync(path),
  "readFileSync of a URL": (path) => readFileSync(pathToFileURL(path)),
  "readFileSync of a Buffer": (path) => readFileSync(Buffer.from(path)),
  openSync: (path) => fs.closeSync(openSync(path, "r")),
  appendFileSync: (path) => fs.appendFileSync(path, ""),
  copyFileSync: (path, spare) => fs.copyFileSync(path, spare),
  cpSync: (path, spare) => cpSync(path, spare),
  createReadStream: (path) => drain(createReadStream(path)),
  openAsBlob: async (path) => (await fs.openAsBlob(path)).text(),
  "readFile with a callback": (path) => calledBack((done) => readFile(path, done)),
  "copyFile with a callback": (path, spare) => calledBack((done) => fs.copyFile(path, spare, done)),
  "cp with a callback": (path, spare) => calledBack((done) => fs.cp(path, spare, done)),
  "open with a callback": (path) =>
    calledBack((done) =>
      fs.open(path, (error, opened) => (error ? done(error) : fs.close(opened, done))),
    ),
  "readFile made a promise": (path) => promisify(readFile)(path),
  "promises.readFile": (path) => promises.readFile(path),
  "promises.open": async (path) => (await promises.open(path)).close(),
  "promises.appendFile": (path) => promises.appendFile(path, ""),
  "promises.copyFile": (path, spare) => promises.copyFile(path, spare),
  "promises.cp": (path, spare) => promises.cp(path, spare),
  "require of fs": (path) => (createRequire(import.meta.url)("fs") as typeof fs).readFileSync(path),
  "getBuiltinModule of fs": (path) => process.getBuiltinModule("fs").readFileSync(path),
  "Bun.file and text": (path) => Bun.file(path).text(),
  "Bun.file and bytes": (path) => file(path).bytes(),
  "Bun.file and arrayBuffer": (path) => Bun.file(path).arrayBuffer(),
  "Bun.file and stream": (path) => drain(Bun.file(path).stream()),
  "Bun.file and slice": (path) => Bun.file(path).slice(0, 16).text(),
  "Bun.file and a URL": (path) => Bun.file(pathToFileURL(path)).text(),
  "Bun.file and a Response": (path) => new Response(Bun.file(path)).bytes(),
  "Bun.file in a Blob": (path) => new Blob([Bun.file(path)]).bytes(),
  "Bun.write from a file": (path, spare) => Bun.write(spare, Bun.file(path)),
  "Bun.write from a Response": (path, spare) => write(spare, new Response(Bun.file(path))),
  "Bun.mmap": (path) => Bun.mmap(path).length,
  "Bun.spawn with a file as input": (path) => Bun.spawn(["true"], { stdin: Bun.file(path) }).exited,
};

/** The ways that change the file. */
export const WRITING_WAYS: Record<string, Way> = {
  writeFileSync: (path) => fs.writeFileSync(path, "x"),
  truncateSync: (path) => fs.truncateSync(path, 1),
  createWriteStream: (path) => fs.createWriteStream(path).end("x"),
  "copyFileSync onto it": (path, spare) => {
    fs.writeFileSync(spare, "x");
    fs.copyFileSync(spare, path);
  },
  "promises.writeFile": (path) => promises.writeFile(path, "x"),
  "promises.truncate": (path) => promises.truncate(path, 1),
  "Bun.write": (path) => Bun.write(path, "x"),
  "Bun.file and write": (path) => Bun.file(path).write("x"),
  "Bun.file and writer": async (path) => {
    const writer = Bun.file(path).writer();
    await writer.write("x");
    await writer.end();
  },
};
