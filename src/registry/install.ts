/** Gives models the module "tq" that this executable carries, so that they need no package. */

/** Makes `import … from "tq"` resolve to these exports, in this thread. */
export function installModule(exports: object): void {
  Bun.plugin({
    name: "tq",
    setup(build) {
      build.module("tq", () => ({ exports: { ...exports }, loader: "object" }));
    },
  });
}

/** Makes `import … from "tq/testing"` resolve in this thread, to what is loaded when it is imported. */
export function installTesting(load: () => Promise<object>): void {
  Bun.plugin({
    name: "tq/testing",
    setup(build) {
      build.module("tq/testing", async () => ({
        exports: { ...(await load()) },
        loader: "object",
      }));
    },
  });
}
