/** A thread that does what the test says. */
export class FakeThread {
  readonly number: number;
  readonly progress = { sequence: 0 };
  since = performance.now();
  readonly seenAtTakeBack = 0;
  generation: number;
  loaded = false;
  serves = false;
  leaves = false;
  idle = false;
  isOutdated = false;
  endReason: string | null = null;

  constructor(number: number, generation: number) {
    this.number = number;
    this.generation = generation;
  }

  go(): void {
    this.serves = true;
    this.idle = true;
  }
  stop(): void {
    this.leaves = true;
  }
  setOutdated(): void {
    this.isOutdated = true;
  }
  async terminate(reason: string): Promise<void> {
    this.endReason ??= reason;
  }
}
