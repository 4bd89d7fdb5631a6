/** The workers and producers: kept running, killed when asked, started again. */
import { Child } from "./child.ts";

export type Role = "worker" | "producer";

/** The records between which transfers move money. */
export const ACCOUNTS = 10;

const PRODUCERS = 2;

export interface CrewOptions {
  readonly folder: string;
  readonly workers: number;
  readonly threads: number;
  /** True: the database is a server's, whose connections are cut. */
  readonly onServer: boolean;
  /** Called with the words of each line that a child writes. */
  heard(child: Child, words: string[]): void;
  /**
   * Called when a child ends unasked, in which case another is started in its place, or with a bad status when it was
   * told to stop.
   */
  fell(role: Role, child: Child, code: number): void;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly workers: Child[];
  readonly producers: Child[];
  #started = 0;
  #pushing = true;
  #ended = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.workers = Array.from({ length: options.workers }, () => this.#start("worker"));
    this.producers = Array.from({ length: PRODUCERS }, () => this.#start("producer"));
  }

  /** True for a worker of the crew that runs and was not told to end. */
  isAlive(pid: number): boolean {
    return this.workers.some((worker) => worker.alive && worker.pid === pid);
  }

  /** Kills the child, or tells it to stop, and starts another in its place after a while. */
  async replace(role: Role, child: Child, pause: number, how: "kill" | "stop"): Promise<void> {
    if (how === "kill") await child.kill();
    else await this.#stop(role, child);
    await Bun.sleep(pause);
    this.#restart(role, child);
  }

  /** Lets producers end after their transaction, by the end of their standard input; none is started any more, also by a `replace` under way. */
  async stopProducers(): Promise<void> {
    this.#pushing = false;
    await Promise.all(this.producers.map((producer) => producer.stop()));
  }

  /** Call it when no `replace` is under way: it would start a worker. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.map((worker) => this.#stop("worker", worker)));
  }

  /** Kills all processes, and starts none any more. */
  async killAll(): Promise<void> {
    this.#ended = true;
    await Promise.all([...this.workers, ...this.producers].map((child) => child.kill()));
  }

  async #stop(role: Role, child: Child): Promise<void> {
    const code = await child.stop("SIGTERM");
    if (code !== 0) this.#options.fell(role, child, code);
  }

  #start(role: Role): Child {
    const { folder, threads, onServer } = this.#options;
    this.#started += 1;
    const args =
      role === "worker"
        ? ["worker", "--threads", `${threads}`, "--exit-with-parent"]
        : ["run", "producer.mts", `p${this.#started}`, `${ACCOUNTS}`, ...(onServer ? ["cut"] : [])];
    const child: Child = new Child(folder, args, (words) => this.#options.heard(child, words));
    void child.gone().then((code) => {
      if (child.asked) return; // `replace` starts the next one, or none is wanted any more
      this.#options.fell(role, child, code);
      this.#restart(role, child);
    });
    return child;
  }

  #restart(role: Role, child: Child): void {
    const list = role === "worker" ? this.workers : this.producers;
    const place = list.indexOf(child);
    const wanted = !this.#ended && (role === "worker" || this.#pushing);
    if (place !== -1 && wanted) list[place] = this.#start(role);
  }
}
