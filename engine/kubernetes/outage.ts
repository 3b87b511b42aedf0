/** Since when a server has not answered, as all requests know it together: a dead server is not waited for by each anew. */
export class Outage {
  #since: number | undefined;
  readonly #waiting = new Set<object>();

  /** Milliseconds that it has lasted; `request` waits for its end. */
  goesOn(request: object): number {
    this.#since ??= performance.now();
    this.#waiting.add(request);
    return performance.now() - this.#since;
  }

  end(): void {
    this.#since = undefined;
  }

  /** A request waits no longer. If the last one was called off, nobody knows whether the outage goes on. */
  leave(request: object, calledOff: boolean): void {
    if (this.#waiting.delete(request) && calledOff && this.#waiting.size === 0) this.end();
  }
}
