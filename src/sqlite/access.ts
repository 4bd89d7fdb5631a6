/** The access that the parts of a store on SQLite have to it. */
import type { Database } from "bun:sqlite";
import type { Access as StoreAccess } from "../store/parts/access.ts";

export interface Access extends StoreAccess<Database> {
  /** The path of the database. */
  readonly name: string;
  version(): Promise<number>;
  changed(version: number, wait: number, signal?: AbortSignal): Promise<void>;
}
