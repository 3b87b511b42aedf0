import { delimiter, dirname, join } from "node:path";
import { LocalWorkspace, type OutputMap, Stack } from "@pulumi/pulumi/automation/index.js";
import {
  type OperationOptions,
  type Outcome,
  type Phase,
  type PropertyMap,
  type PropertyValue,
  Secret,
  UserError,
} from "../engine/index.ts";
import { keepForOthers, loadProject, type Project } from "../engine/project/index.ts";
import { type Backend, ensurePassphrase, LockedError, type Passphrase } from "../engine/state/index.ts";
import type { Driver } from "./driver.ts";
import { pulumiCommand } from "./pulumi/command.ts";
import { Translator } from "./pulumi/events.ts";
import { snapshotOf } from "./pulumi/snapshot.ts";
import { fileBackend, forgetStack, makeStack, privateCopy, readStackSettings } from "./pulumi/stack-settings.ts";

/**
 * The Pulumi CLI as an engine, through its Automation API. A plan and what comes of it are two runs of the CLI, so that
 * a plan that a policy forbids, or that fails, writes nothing: the same promise as the built-in engine's.
 */
export function pulumiDriver(executable: string, version: string): Driver {
  const open = (options: OperationOptions) => PulumiStack.open(executable, version, options);
  return {
    async preview(options) {
      const cli = await open(options);
      const plan = await cli.run("plan", (shared) =>
        cli.stack.preview({ ...shared, policyPacks: [...options.policyPacks] }),
      );
      return { ...plan.outcome, outputs: {} };
    },
    async up(options) {
      const cli = await open(options);
      const { refresh } = options;
      const policyPacks = [...options.policyPacks];
      const plan = await cli.run("plan", (shared) => cli.stack.preview({ ...shared, policyPacks, refresh }));
      if (plan.outcome.result !== "succeeded") return plan.outcome;
      const applied = await cli.run("apply", (shared) => cli.stack.up({ ...shared, policyPacks, refresh }));
      return {
        ...applied.outcome,
        outputs: outputsOf(applied.result?.outputs ?? {}),
        duration: { plan: plan.outcome.duration.plan, apply: applied.outcome.duration.apply },
      };
    },
    async refresh(options) {
      const cli = await open(options);
      const done = await cli.run("apply", (shared) => cli.stack.refresh(shared), { refreshing: true });
      return { ...done.outcome, outputs: outputsOf(await cli.stack.outputs()) };
    },
    async destroy(options) {
      const cli = await open(options);
      const { outcome } = await cli.run("apply", (shared) => cli.stack.destroy(shared));
      if (options.remove && outcome.result === "succeeded") await cli.forget();
      return outcome;
    },
    async inspect(options, wanted) {
      const cli = await open({ ...options, policyPacks: [] });
      const [{ deployment }, outputs] = await Promise.all([cli.stack.exportStack(), cli.stack.outputs()]);
      const snapshot = snapshotOf(deployment, outputsOf(outputs));
      const error = "the Pulumi CLI can't ask for one resource alone; --engine builtin can";
      const resources = snapshot.resources.filter((resource) => resource.custom && wanted(resource));
      return { snapshot, resources: resources.map((resource) => ({ resource, now: undefined, error })) };
    },
  };
}

interface Shared {
  readonly onEvent: (event: object) => void;
  readonly color: "never";
  readonly signal: AbortSignal;
  /** Else the API asks for the history with all its secrets, and the CLI, to decrypt them, writes to the stack's file. */
  readonly showSecrets: false;
  readonly configFile?: string;
}

/** One stack, ready for the CLI to work on. */
class PulumiStack {
  readonly stack: Stack;
  readonly #options: OperationOptions;
  readonly #project: Project;
  readonly #backend: Backend | undefined;
  readonly #passphrase: Passphrase | undefined;
  readonly #configFile: string | undefined;

  private constructor(
    stack: Stack,
    options: OperationOptions,
    project: Project,
    backend: Backend | undefined,
    passphrase: Passphrase | undefined,
    configFile: string | undefined,
  ) {
    this.stack = stack;
    this.#options = options;
    this.#project = project;
    this.#backend = backend;
    this.#passphrase = passphrase;
    this.#configFile = configFile;
  }

  static async open(executable: string, version: string, options: OperationOptions): Promise<PulumiStack> {
    const project = await loadProject(options.directory);
    const settings = await readStackSettings(project, options.stack);
    const passphrase = settings.passphrase ? await ensurePassphrase(project, options.env) : undefined;
    if (passphrase !== undefined) await keepForOthers(project, options.env, passphrase);
    const backend = await fileBackend(project, options.env);
    // A state that this machine keeps, with a salt that only it has.
    const own = backend !== undefined && passphrase !== undefined && !settings.salted;
    if (own) await makeStack(backend, { project: project.name, stack: options.stack }, passphrase);
    const configFile = own ? await privateCopy(project, options.stack, settings) : undefined;

    const pulumi = pulumiCommand(executable, version, options.env);
    const workspace = await LocalWorkspace.create({
      workDir: project.directory,
      pulumiCommand: pulumi,
      envVars: {
        ...passphrase?.environment,
        ...(own ? { PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true" } : {}),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        // The language host takes the first Node.js that it finds; this one is known to run the program.
        PATH: [join(project.directory, "node_modules", ".bin"), dirname(process.execPath), options.env.PATH ?? ""]
          .filter((folder) => folder !== "")
          .join(delimiter),
      },
    });
    const stack = await explained(() => (own ? Stack.select : Stack.createOrSelect)(options.stack, workspace));
    return new PulumiStack(stack, options, project, backend, passphrase, configFile);
  }

  /** One run of the CLI. Throws when it ends badly without having told why in an event. */
  async run<T>(
    phase: Phase,
    work: (shared: Shared) => Promise<T>,
    { refreshing = false } = {},
  ): Promise<{ readonly outcome: Outcome; readonly result: T | undefined }> {
    const { emit, signal } = this.#options;
    const started = performance.now();
    emit({ kind: "phase", phase });
    const translator = new Translator({ phase, refreshing, emit, now: () => performance.now() });
    const shared: Shared = {
      onEvent: (event) => translator.handle(event as Parameters<Translator["handle"]>[0]),
      color: "never",
      signal,
      showSecrets: false,
      ...(this.#configFile === undefined ? {} : { configFile: this.#configFile }),
    };
    let result: T | undefined;
    let ok = false;
    try {
      signal.throwIfAborted();
      result = await explained(() => work(shared));
      ok = true;
      translator.finish();
    } catch (error) {
      translator.finish();
      const told = translator.failures + translator.mandatoryViolations > 0;
      if (!signal.aborted && !(told && error instanceof PulumiError)) throw error;
    }
    const elapsed = Math.round(performance.now() - started);
    const outcome: Outcome = {
      result: ok ? "succeeded" : signal.aborted ? "cancelled" : "failed",
      phase,
      changes: translator.changes,
      outputs: {},
      duration: phase === "plan" ? { plan: elapsed, apply: 0 } : { plan: 0, apply: elapsed },
      mandatoryViolations: translator.mandatoryViolations,
    };
    return { outcome, result };
  }

  async forget(): Promise<void> {
    const { stack } = this.#options;
    if (this.#backend) await forgetStack(this.#backend, this.#project, stack, this.#passphrase);
    else await explained(() => this.stack.workspace.removeStack(stack, { preserveConfig: true }));
  }
}

/** The CLI ended badly; its own words. */
class PulumiError extends UserError {}

/** The Automation API's errors in the words of the CLI. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !API_ERRORS.includes(error.name)) throw error;
    const text = wordsOf(error.message);
    throw error.name === "ConcurrentUpdateError" ? new LockedError(text) : new PulumiError(text);
  }
}

const API_ERRORS = ["CommandError", "ConcurrentUpdateError", "StackNotFoundError", "StackAlreadyExistsError"];

/** What the CLI says is wrong, without the rest of what it printed. */
function wordsOf(printed: string): string {
  const at = printed.search(/^error: /m);
  return (at < 0 ? printed : printed.slice(at).replace(/^error: /, "")).trim();
}

function outputsOf(outputs: OutputMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { value, secret }]): [string, PropertyValue] => [
      name,
      secret ? new Secret(value) : value,
    ]),
  );
}
