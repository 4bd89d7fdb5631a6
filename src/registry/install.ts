/** The module "tq" for programs that have nothing installed: the one that this executable carries. */

/** Makes `import … from "tq"` resolve to these exports, in this thread. */
export function installModule(exports: object): void {
  Bun.plugin({
    name: "tq",
    setup(build) {
      build.module("tq", () => ({ exports: { ...exports }, loader: "object" }));
    },
  });
}
