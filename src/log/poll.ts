/** Asks the system whether a descriptor takes bytes: `poll` of the C library, as no function of Bun does. */
import type * as FFI from "bun:ffi";

/** Of `man 2 poll`: the same on Linux and macOS. */
const POLLOUT = 4;
const POLLERR = 8;
const POLLHUP = 16;
const POLLNVAL = 32;

const LIBRARIES = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["libSystem.B.dylib"],
} as const;

type Poll = (descriptor: number) => number;

/** Loaded when it is first needed. */
let poll: Poll | undefined;

/** True when a write would not wait: the descriptor has room, or the write fails at once. */
export function takesBytes(descriptor: number): boolean {
  poll ??= loadPoll();
  return (poll(descriptor) & (POLLOUT | POLLERR | POLLHUP | POLLNVAL)) !== 0;
}

function loadPoll(): Poll {
  const { platform } = process;
  const { dlopen, ptr } = process.getBuiltinModule("bun:ffi") as typeof FFI;
  for (const library of platform === "linux" || platform === "darwin" ? LIBRARIES[platform] : []) {
    try {
      const { symbols } = dlopen(library, {
        poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
      });
      return (descriptor) => {
        const request = Int32Array.of(descriptor, POLLOUT);
        symbols.poll(ptr(request), 1, 0);
        return (request[1] ?? 0) >> 16; // the answer is the second half of the word
      };
    } catch {
      // not this C library
    }
  }
  return () => POLLOUT; // without it a write may block
}
