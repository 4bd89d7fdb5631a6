/** Functions of the system's C library, for what no function of Bun does. */
import type * as FFI from "bun:ffi";

const LIBRARIES: { readonly [platform: string]: readonly string[] } = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["libSystem.B.dylib"],
};

type Argument = "i32" | "u64" | "ptr";

/** A function of C that takes numbers and addresses, and returns an `int`. */
export type CFunction = (...args: (number | FFI.Pointer)[]) => number;

/** Null where the system or its C library is none of these, or has no such function. */
export function loadFunction(name: string, args: readonly Argument[]): CFunction | null {
  const { dlopen } = ffi();
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      const { symbols } = dlopen(library, { [name]: { args: [...args], returns: "i32" } });
      return (symbols[name] as CFunction | undefined) ?? null;
    } catch {
      // not this C library
    }
  }
  return null;
}

/** The address of the bytes behind an array. It must stay referenced while the address is used. */
export function addressOf(bytes: NodeJS.TypedArray): FFI.Pointer {
  return ffi().ptr(bytes);
}

/** Loaded when it is first needed. */
function ffi(): typeof FFI {
  return process.getBuiltinModule("bun:ffi") as typeof FFI;
}
