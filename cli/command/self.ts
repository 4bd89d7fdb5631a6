/** How this program is started again: the executable, or Bun with the source. */
export function self(): string[] {
  return Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
}
