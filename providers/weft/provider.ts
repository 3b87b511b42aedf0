import type * as pulumi from "@pulumi/pulumi/provider/index.js";
import type { EngineLog } from "./engine-log.ts";
import { abandon, create, destroy, read, type Toolchain, update } from "./kwok/cluster.ts";
import { revision } from "./kwok/configuration.ts";
import { decide } from "./kwok/diff.ts";
import { observe } from "./kwok/health.ts";
import { checkInputs, type KwokInputs, pathProblem } from "./kwok/inputs.ts";
import { fromPath, layout, readMarker } from "./kwok/layout.ts";
import { planNodes } from "./kwok/nodes.ts";
import type { Operation } from "./kwok/operation.ts";
import type { KwokOutputs } from "./kwok/outputs.ts";
import { KWOK_TYPE } from "./names.ts";
import { packageSchema } from "./schema.ts";
import { isSecret, isUnknown, secret, unwrap } from "./wire.ts";

type Properties = Record<string, unknown>;

const INPUTS = [
  "name",
  "directory",
  "nodes",
  "zones",
  "region",
  "cpu",
  "memory",
] as const satisfies (keyof KwokInputs)[];
/** All that an end of it takes, so that a cluster of an older release can be ended whatever outputs came since. */
const IDENTITY = ["path", "name", "uid"] as const satisfies (keyof KwokOutputs)[];
const OUTPUTS = ["context", "kubeconfig", "kubernetesVersion", "path", "revision", "server", "uid"] as const;

/**
 * The provider as the SDK's server calls it. The server passes property maps as they came over the wire and sends what
 * is returned as it is; it does not claim preview support, so an engine calls only `check` and `diff` in a preview.
 */
export class WeftProvider implements pulumi.Provider {
  readonly version: string;
  readonly #projectRoot: string;
  readonly #log: EngineLog;
  readonly #toolchain: Toolchain;
  readonly #cancelled = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(version: string, projectRoot: string, log: EngineLog, toolchain: Toolchain) {
    this.version = version;
    this.#projectRoot = projectRoot;
    this.#log = log;
    this.#toolchain = toolchain;
  }

  async getSchema(): Promise<string> {
    return packageSchema(this.version);
  }

  async check(urn: string, _olds: Properties, news: Properties): Promise<pulumi.CheckResult> {
    requireKwok(urn);
    const { inputs, failures } = checkInputs(news, { isUnknown, isSecret });
    const { directory, name } = inputs;
    if (failures.length === 0 && !isUnknown(directory) && !isUnknown(name)) {
      const reason = pathProblem(layout(this.#projectRoot, String(directory), String(name)).cluster);
      if (reason !== undefined) failures.push({ property: "directory", reason });
    }
    return { inputs, failures };
  }

  async diff(_id: string, urn: string, olds: Properties, news: Properties): Promise<pulumi.DiffResult> {
    requireKwok(urn);
    return this.#run(urn, async (operation) => {
      const recorded = recordedOutputs(olds);
      const at = fromPath(recorded.path, recorded.name);
      const changed = INPUTS.filter((key) => isUnknown(news[key]) || news[key] !== recorded[key]);
      const known = !INPUTS.some((key) => isUnknown(news[key]));
      const inputs = known ? checkedInputs(news) : undefined;
      const { changes, replaces, notes } = decide({
        recorded,
        changed,
        path: inputs && layout(this.#projectRoot, inputs.directory, inputs.name).cluster,
        revision: revision(this.#toolchain.versions),
        found: await observe(at),
        foundUid: (await readMarker(at))?.uid,
        planned: inputs && planNodes(inputs),
      });
      for (const note of notes) operation.warn(note);
      // Two clusters in one folder can't be: the old one goes first.
      return { changes, replaces: [...replaces], deleteBeforeReplace: true };
    });
  }

  async create(urn: string, news: Properties): Promise<pulumi.CreateResult> {
    requireKwok(urn);
    return this.#run(urn, async (operation) => {
      const inputs = checkedInputs(news);
      const at = layout(this.#projectRoot, inputs.directory, inputs.name);
      const outputs = await create(operation, at, inputs, this.#toolchain);
      return { id: outputs.uid, outs: onWire(outputs) };
    });
  }

  async read(id: string, urn: string, props: Properties = {}): Promise<pulumi.ReadResult> {
    requireKwok(urn);
    return this.#run(urn, async (operation) => {
      const outputs = await read(operation, recordedOutputs(props));
      if (outputs === undefined) return { id: "", props: {} };
      const inputs = Object.fromEntries(INPUTS.map((key) => [key, outputs[key]]));
      return { id, props: onWire(outputs), inputs };
    });
  }

  async update(_id: string, urn: string, olds: Properties, news: Properties): Promise<pulumi.UpdateResult> {
    requireKwok(urn);
    return this.#run(urn, async (operation) => {
      const outputs = await update(operation, recordedOutputs(olds), checkedInputs(news), this.#toolchain);
      return { outs: onWire(outputs) };
    });
  }

  /** With an empty id, of a create that never answered: then the inputs are all that is known. */
  async delete(id: string, urn: string, props: Properties): Promise<void> {
    requireKwok(urn);
    await this.#run(urn, (operation) => {
      if (id !== "") return destroy(operation, recorded(props, IDENTITY));
      const { directory, name } = checkedInputs(props);
      return abandon(operation, layout(this.#projectRoot, directory, name));
    });
  }

  /** Ends what is running as soon as it can tidy up after itself; a deletion is finished. */
  async cancel(): Promise<void> {
    this.#cancelled.abort(new Error("cancelled"));
  }

  /** Resolves when nothing is running any more. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }

  async #run<T>(urn: string, action: (operation: Operation) => Promise<T>): Promise<T> {
    let last = "";
    const operation: Operation = {
      urn,
      signal: this.#cancelled.signal,
      status: (message) => {
        if (message !== last) this.#log.status(urn, message);
        last = message;
      },
      warn: (message) => this.#log.warn(urn, message),
    };
    const running = action(operation);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      // Where it was interrupted says nothing to the user.
      if (this.#cancelled.signal.aborted) throw new Error("cancelled", { cause: error });
      throw error;
    } finally {
      this.#running.delete(running);
      await this.#log.delivered();
    }
  }
}

function requireKwok(urn: string): void {
  const type = urn.split("::")[2]?.split("$").at(-1);
  if (type !== KWOK_TYPE) throw new Error(`weft-native has no resource ${type}; it has ${KWOK_TYPE}`);
}

/** The inputs as `check` returned them; engines send nothing else. */
function checkedInputs(properties: Properties): KwokInputs {
  const { inputs, failures } = checkInputs(properties, { isUnknown, isSecret });
  const unknown = INPUTS.filter((key) => isUnknown(inputs[key])).map((key) => `${key} is not known yet`);
  const problems = [...failures.map(({ reason }) => reason), ...unknown];
  if (problems.length > 0) throw new Error(problems.join("; "));
  // checkInputs has looked at every field.
  return inputs as unknown as KwokInputs;
}

function recordedOutputs(properties: Properties): KwokOutputs {
  return recorded(properties, [...INPUTS, ...OUTPUTS]);
}

/** The recorded properties, of which only these have to be there. */
function recorded<K extends keyof KwokOutputs>(properties: Properties, needed: readonly K[]): Pick<KwokOutputs, K> {
  const plain = unwrap(properties);
  const missing = needed.filter((key) => plain[key] === undefined || plain[key] === null);
  if (missing.length > 0) {
    throw new Error(
      `the recorded state of the cluster lacks ${missing.join(", ")}. A cluster can't be imported: create it anew.`,
    );
  }
  return plain as unknown as Pick<KwokOutputs, K>;
}

function onWire(outputs: KwokOutputs): Properties {
  return { ...outputs, kubeconfig: secret(outputs.kubeconfig) };
}
