/** Paths of the files that a compiled program carries. */

/** True for a file inside the executable: it is on no disk. */
export function isInExecutable(path: string): boolean {
  return path.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN[\\/]/.test(path);
}
