/** Runs a program under strace, and returns in order what it wrote to files, flushed and printed. */
import { join } from "node:path";

export type FileEvent =
  | { readonly kind: "create"; readonly path: string }
  | {
      readonly kind: "write";
      readonly path: string;
      readonly offset: number;
      readonly data: Buffer;
    }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  /** All that was written before `begins` is on disk at `ends`; for a folder, its names. */
  | { readonly kind: "flush begins" | "flush ends"; readonly path: string; readonly by: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  /** Text on its standard output or error. */
  | { readonly kind: "said"; readonly text: string };

/** Also calls that `read` refuses, so that no write goes unseen. */
const CALLS =
  "openat,pwrite64,pwritev,write,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat";

/**
 * @param folder the folder in which it runs, and which gets the file of the trace.
 * @param more arguments for strace, such as a fault to inject.
 */
export async function trace(
  folder: string,
  command: readonly string[],
  more: readonly string[] = [],
): Promise<FileEvent[]> {
  const file = join(folder, "trace.txt");
  const options = ["-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "1000000", "-e", "signal=none"];
  const child = Bun.spawn(
    ["strace", ...options, "-e", `trace=${CALLS}`, "-o", file, ...more, ...command],
    {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [errors, code] = await Promise.all([
    new Response(child.stderr).text(),
    child.exited,
    new Response(child.stdout).text(),
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")} exited with ${code}: ${errors}`);
  return readTrace(await Bun.file(file).text());
}

/** strace prints a call that another thread interrupts as two lines: `… <unfinished ...>` and `<... resumed>…`. */
function readTrace(text: string): FileEvent[] {
  const events: FileEvent[] = [];
  const unfinished = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    const begun = /^(.*?) *<unfinished \.\.\.>$/.exec(rest)?.[1];
    if (begun !== undefined) {
      unfinished.set(thread, begun);
      events.push(...flush(begun, "flush begins", thread));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (resumed === undefined) events.push(...flush(rest, "flush begins", thread));
    events.push(
      ...read(resumed === undefined ? rest : `${unfinished.get(thread)}${resumed}`, thread),
    );
  }
  return events;
}

function flush(call: string, kind: "flush begins" | "flush ends", by: string): FileEvent[] {
  const [, path] = /^f(?:data)?sync\(\d+<([^>]*)>/.exec(call) ?? [];
  return path === undefined ? [] : [{ kind, path: decode(path).toString(), by }];
}

function read(call: string, thread: string): FileEvent[] {
  const [, name = "", rest = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/s.exec(call) ?? [];
  if (name === "" || result.startsWith("-")) return [];
  const [path = ""] = [...rest.matchAll(/<([^>]*)>/g)].map(([, hex = ""]) =>
    decode(hex).toString(),
  );
  const strings = [...rest.matchAll(/"([^"]*)"/g)].map(([, hex = ""]) => decode(hex));
  const [first = Buffer.of(), second = Buffer.of()] = strings;
  const last = Number(/(\d+)$/.exec(rest)?.[1]);
  switch (name) {
    case "openat":
      return rest.includes("O_CREAT") ? [{ kind: "create", path: first.toString() }] : [];
    case "pwrite64":
      return [{ kind: "write", path, offset: last, data: first.subarray(0, Number(result)) }];
    case "write":
      return /^[12]</.test(rest) ? [{ kind: "said", text: first.toString() }] : [];
    case "ftruncate":
      return [{ kind: "truncate", path, size: last }];
    case "fsync":
    case "fdatasync":
      return flush(call, "flush ends", thread);
    case "unlink":
      return [{ kind: "unlink", path: first.toString() }];
    case "rename":
      return [{ kind: "rename", path: first.toString(), to: second.toString() }];
    case "unlinkat":
      return []; // a folder, or a file that is not the database's
    default:
      throw new Error(`The trace has a call that the test does not know: ${name}`);
  }
}

/** strace prints every byte as `\x41`. */
function decode(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
