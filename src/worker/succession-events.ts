/** The requests and the news of a succession of threads, for the pool. */
import type { ModelVersion } from "../catalog.ts";
import type { TqError } from "../errors.ts";
import type { PoolThread } from "./pool-thread.ts";

export interface SuccessionOptions {
  /** How many threads serve. */
  readonly places: number;
  readonly models: readonly string[];
  readonly threads: () => readonly PoolThread[];
}

export interface SuccessionEvents {
  /** @returns false where the system gives no thread. */
  start(number: number): boolean;
  /** A thread has met other models than the worker runs, and nobody has asked to load them. */
  met(difference: string): void;
  /** The threads are to run this version from now on. */
  accepted(version: ModelVersion): void;
  /** A thread could not load the models. The others go on with those that they have. */
  refused(error: TqError): void;
  /** A thread could not load the models, and its place stays free: it is tried again. */
  cannotStart(error: TqError): void;
  /** A thread is about to load the models. */
  loads(): void;
  /** A thread still loads this file. */
  loadsLong(file: string): void;
  /** The first thread that has this version of the models claims tasks. */
  serves(): void;
  /** All threads have the newest models. */
  renewed(): void;
}
