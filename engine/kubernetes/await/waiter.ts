import { UnreachableError } from "../api-error.ts";
import { generationOf, isAtLeastAsNew, isVersionAtLeast, uidOf, versionOf } from "../checkpoint.ts";
import type { Cluster } from "../cluster.ts";
import { diagnose, gather } from "../diagnose/index.ts";
import type { ApiResource } from "../discovery.ts";
import { explainUnreachable } from "../explain.ts";
import { type JsonMap, textAt } from "../json.ts";
import { label, refOf } from "../kinds.ts";
import type { Interest, Subscription } from "../watch.ts";
import { ServiceEndpoints } from "./endpoints.ts";
import type { Rule } from "./rules.ts";
import type { Status } from "./status.ts";

/** What is shared by all that wait. */
type WaitContext = Pick<Cluster, "client" | "lists" | "watches">;

interface WaitOptions {
  readonly rule: Pick<Rule, "needs" | "judge">;
  /** Seconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Shown beside the resource while it is waited for. */
  status(message: string): void;
}

/** The object exists, but is not ready, and `reasons` says why. `object` is its latest state. */
export class UnreadyError extends Error {
  override readonly name = "UnreadyError";
  readonly object: JsonMap;
  readonly reasons: readonly string[];
  constructor(object: JsonMap, reasons: readonly string[]) {
    super(reasons.join("\n"));
    this.object = object;
    this.reasons = reasons;
  }
}

/** Milliseconds between looks at an object's surroundings while it is waited for. */
const LOOK_INTERVAL = 10_000;
/** The first look: most objects are ready before it, and need none. */
const FIRST_LOOK = 5_000;
/** Milliseconds that looking for the cause of a failure may take. */
const DIAGNOSIS_TIME = 10_000;
const NO_ENDPOINTS = { slices: [], quiet: 0, workload: undefined };

/**
 * Waits for one object. It listens from before the write, so that nothing is missed, judges every state the watch brings
 * by a pure rule, and looks around (pods, workloads) only now and then, when it takes longer.
 */
export class Waiter {
  readonly #context: WaitContext;
  readonly #options: WaitOptions;
  readonly #subscription: Subscription;
  readonly #endpoints: ServiceEndpoints | undefined;
  #written: JsonMap | undefined;
  #current: JsonMap | undefined;
  #deleted = false;
  /** Objects deleted before the answer to the write told which one is ours. */
  readonly #gone = new Set<string>();
  /** What there was when the watch last had to be begun anew. */
  #listed: { readonly uids: readonly (string | undefined)[]; readonly version: string } | undefined;
  #failure: Error | undefined;
  #trouble: Error | undefined;
  #bindingMode: string | undefined;
  #hint = "";
  #wake: () => void = () => {};

  constructor(
    context: WaitContext,
    options: WaitOptions,
    resource: ApiResource,
    namespace: string | undefined,
    name: string,
  ) {
    this.#context = context;
    this.#options = options;
    this.#subscription = context.watches.subscribe(resource, namespace, this.#interest(name));
    const { onTrouble, onFailure } = this.#mishaps;
    this.#endpoints =
      options.rule.needs === "endpoints"
        ? new ServiceEndpoints(context, namespace, name, { onTrouble, onFailure, onChange: () => this.#wake() })
        : undefined;
  }

  close(): void {
    this.#subscription.close();
    this.#endpoints?.close();
  }

  /**
   * The object once it is ready. `written` is the answer to the write; `existed` tells whether the object was there
   * before it. Throws `UnreadyError`.
   */
  async until(written: JsonMap, existed: boolean): Promise<JsonMap> {
    this.#written = written;
    if (this.#current === undefined || !isAtLeastAsNew(this.#current, written)) this.#current = written;
    this.#deleted = this.#gone.has(uidOf(written) ?? "") || this.#isMissing(written);
    try {
      return await this.#wait(written, existed);
    } catch (error) {
      if (error instanceof UnreadyError) throw error;
      const reason = error instanceof Error ? failureText(error) : String(error);
      throw new UnreadyError(this.#latest, [`${label(refOf(written))} is not known to be ready: ${reason}`]);
    }
  }

  get #latest(): JsonMap {
    return this.#current ?? {};
  }

  async #wait(written: JsonMap, existed: boolean): Promise<JsonMap> {
    const deadline = performance.now() + this.#options.timeout * 1000;
    let nextLook = performance.now() + FIRST_LOOK;
    await this.#prepare(written, existed);
    for (;;) {
      const status = this.#judge();
      if (status.kind === "ready") {
        if (status.note !== undefined) this.#options.status(status.note);
        return this.#latest;
      }
      if (status.kind === "failed") throw await this.#unready(status.message);
      const now = performance.now();
      if (now >= deadline) throw await this.#unready(`not ready after ${this.#options.timeout} s: ${status.message}`);
      const trouble = this.#trouble === undefined ? "" : ` (watching is interrupted: ${this.#trouble.message})`;
      this.#options.status(`${status.message}${this.#hint}${trouble}`);
      if (now >= nextLook) {
        nextLook = now + LOOK_INTERVAL;
        await this.#look();
        continue;
      }
      // Settling is a change too, though no event tells of it.
      const settling = this.#endpoints?.untilSettled || Number.POSITIVE_INFINITY;
      await this.#sleep(Math.min(deadline - now, nextLook - now, settling));
    }
  }

  #judge(): Status {
    if (this.#options.signal.aborted) return { kind: "failed", message: "the run was cancelled before it was ready" };
    if (this.#deleted) return { kind: "failed", message: "it was deleted by somebody else while it was waited for" };
    if (this.#failure !== undefined) return { kind: "failed", message: failureText(this.#failure) };
    const endpoints = this.#endpoints?.known ?? NO_ENDPOINTS;
    return this.#options.rule.judge(this.#latest, { endpoints, bindingMode: this.#bindingMode });
  }

  /** What the rule needs from elsewhere. */
  async #prepare(written: JsonMap, existed: boolean): Promise<void> {
    if (this.#judge().kind === "ready") return;
    this.#subscription.startFrom(versionOf(written));
    if (this.#options.rule.needs === "binding-mode") this.#bindingMode = await this.#readBindingMode(written);
    await this.#endpoints?.start(written, existed, this.#options.signal);
  }

  async #readBindingMode(claim: JsonMap): Promise<string | undefined> {
    const name = textAt(claim, "spec", "storageClassName") ?? "";
    if (name === "") return undefined;
    const path = `/apis/storage.k8s.io/v1/storageclasses/${encodeURIComponent(name)}`;
    try {
      const { body } = await this.#context.client.request({ method: "GET", path, signal: this.#options.signal });
      return textAt(body, "volumeBindingMode");
    } catch {
      // A class that is missing, or may not be read, binds at once as far as this can know.
      return undefined;
    }
  }

  /** Why it takes so long: shown beside the resource, and what a Service's rule has to know. */
  async #look(): Promise<void> {
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(DIAGNOSIS_TIME)]);
    await this.#endpoints?.look(this.#latest, signal);
    const [cause] = diagnose(await gather(this.#context.client, this.#latest, "pods", signal));
    this.#hint = cause === undefined ? "" : `; ${cause}`;
  }

  async #unready(message: string): Promise<UnreadyError> {
    const object = this.#latest;
    const first = `${label(refOf(object))} is not ready: ${message}`;
    const tellsAll = this.#options.signal.aborted || this.#deleted || this.#failure !== undefined;
    if (tellsAll) return new UnreadyError(object, [first]);
    const evidence = await gather(this.#context.client, object, "all", AbortSignal.timeout(DIAGNOSIS_TIME));
    const causes = diagnose(evidence).filter((cause) => !first.includes(cause));
    // The cause comes first: it is what the reader needs.
    return new UnreadyError(object, [...causes.slice(0, 1), first, ...causes.slice(1)]);
  }

  async #sleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(milliseconds, 1));
    this.#wake = resolve;
    this.#options.signal.addEventListener("abort", resolve as () => void);
    await promise;
    clearTimeout(timer);
    this.#options.signal.removeEventListener("abort", resolve as () => void);
  }

  readonly #mishaps: Pick<Interest, "onTrouble" | "onFailure"> = {
    onTrouble: (error) => {
      this.#trouble = error;
      this.#wake();
    },
    onFailure: (error) => {
      this.#failure = error;
      this.#wake();
    },
  };

  #interest(name: string): Interest {
    return {
      ...this.#mishaps,
      matches: (object) => textAt(object, "metadata", "name") === name,
      onChange: (object) => {
        this.#see(object);
        this.#wake();
      },
      onDelete: (object) => {
        this.#gone.add(uidOf(object) ?? "");
        if (this.#isOurs(object)) this.#deleted = true;
        this.#wake();
      },
      onReset: (objects, version) => {
        this.#listed = { uids: objects.map(uidOf), version };
        for (const object of objects) this.#see(object);
        if (this.#written !== undefined && this.#isMissing(this.#written)) this.#deleted = true;
        this.#wake();
      },
    };
  }

  /** A list may have been made before the write, and can't have the object then. */
  #isMissing(written: JsonMap): boolean {
    const listed = this.#listed;
    return (
      listed !== undefined &&
      isVersionAtLeast(listed.version, versionOf(written)) &&
      !listed.uids.includes(uidOf(written))
    );
  }

  /** Events may come late or twice: a state from before the write, or from before another, must not count. */
  #see(object: JsonMap): void {
    const written = this.#written;
    if (this.#current !== undefined && !isAtLeastAsNew(object, this.#current)) return;
    if (written !== undefined && !(this.#isOurs(object) && generationOf(object) >= generationOf(written))) return;
    this.#current = object;
  }

  #isOurs(object: JsonMap): boolean {
    return this.#written !== undefined && uidOf(object) === uidOf(this.#written);
  }
}

function failureText(error: Error): string {
  return error instanceof UnreachableError ? explainUnreachable(error) : `it can't be watched: ${error.message}`;
}
