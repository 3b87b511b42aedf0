import { setImmediate as nextTurn } from "node:timers/promises";
import type { Snapshot } from "../resource.ts";

/**
 * Records snapshots, the newest only: while one write is under way, those that come meanwhile replace each other, so a
 * run of hundreds of steps costs as many writes as the disk can take, and never two at once.
 *
 * `await save(…)` is the promise that the snapshot, or a newer one, survives a kill and a crash. An engine awaits the
 * save that lists an operation as pending before it calls the provider. So a kill can lose the *results* of operations
 * that were under way, but never that they had begun.
 */
export class StateWriter {
  readonly #write: (snapshot: Snapshot) => Promise<void>;
  #next: { readonly snapshot: Snapshot; readonly done: PromiseWithResolvers<void> } | undefined;
  #running: Promise<void> | undefined;
  /** The newest snapshot, when its write failed. */
  #unsaved: { readonly snapshot: Snapshot } | undefined;

  constructor(write: (snapshot: Snapshot) => Promise<void>) {
    this.#write = write;
  }

  /** Rejects when this or a newer snapshot could not be written. It may be ignored: `flush` reports it again. */
  save(snapshot: Snapshot): Promise<void> {
    const done = this.#next?.done ?? Promise.withResolvers<void>();
    done.promise.catch(() => {});
    this.#next = { snapshot, done };
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Waits until all is written; what failed is tried once more. Throws when the newest snapshot is not recorded. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#unsaved !== undefined) await this.save(this.#unsaved.snapshot);
  }

  async #run(): Promise<void> {
    // Steps that end in the same turn share a write.
    await nextTurn();
    for (let job = this.#take(); job !== undefined; job = this.#take()) {
      try {
        await this.#write(job.snapshot);
        this.#unsaved = undefined;
        job.done.resolve();
      } catch (error) {
        this.#unsaved = { snapshot: job.snapshot };
        job.done.reject(error);
      }
    }
    this.#running = undefined;
  }

  #take() {
    const job = this.#next;
    this.#next = undefined;
    return job;
  }
}
