/** Makes the functions of Bun that open files refuse those that are protected. */
import { refusalOf } from "./protected-files.ts";

/** No file can be below it, so opening one fails in every function, native ones too; the error names the path. */
const NO_FOLDER = "/dev/null";

/** Replaces them in this JavaScript thread. */
export function protectBunFunctions(): void {
  const { file, write, mmap } = Bun;
  Reflect.set(Bun, "file", (...args: Parameters<typeof file>) => {
    const real = file(...args);
    const refusal = refusalOf(args[0]);
    return refusal === null ? real : standIn(real, file(`${NO_FOLDER}/${refusal.message}`));
  });
  Reflect.set(Bun, "write", (...args: Parameters<typeof write>) => {
    const refusal = refusalOf(args[0]);
    return refusal === null ? write(...args) : Promise.reject(refusal);
  });
  Reflect.set(Bun, "mmap", (...args: Parameters<typeof mmap>) => {
    const refusal = refusalOf(args[0]);
    if (refusal !== null) throw refusal;
    return mmap(...args);
  });
}

/** Tells about the real file, and cannot be opened. */
function standIn(real: Bun.BunFile, closed: Bun.BunFile): Bun.BunFile {
  return Object.defineProperties(closed, {
    name: { get: () => real.name },
    size: { get: () => real.size },
    type: { get: () => real.type },
    lastModified: { get: () => real.lastModified },
    exists: { value: () => real.exists() },
    stat: { value: () => real.stat() },
  });
}
