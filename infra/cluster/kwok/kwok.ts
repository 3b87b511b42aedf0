import * as pulumi from "@pulumi/pulumi";
import { KWOK_TYPE, type KwokInputs, type KwokOutputs } from "../../../providers/weft/index.ts";

/** Only the name has no default; the provider fills in the rest and checks everything. */
export type KwokArgs = Pick<KwokInputs, "name"> & Partial<KwokInputs>;

/** An embedded cluster, as Weft's provider makes it. */
export class Kwok extends pulumi.CustomResource {
  declare readonly context: pulumi.Output<KwokOutputs["context"]>;
  declare readonly kubeconfig: pulumi.Output<KwokOutputs["kubeconfig"]>;
  declare readonly kubernetesVersion: pulumi.Output<KwokOutputs["kubernetesVersion"]>;
  declare readonly server: pulumi.Output<KwokOutputs["server"]>;
  declare readonly uid: pulumi.Output<KwokOutputs["uid"]>;

  constructor(name: string, args: KwokArgs, opts: pulumi.CustomResourceOptions) {
    // Outputs without an input must be named here to become properties.
    const outputs = {
      context: undefined,
      kubeconfig: undefined,
      kubernetesVersion: undefined,
      server: undefined,
      uid: undefined,
    };
    const secrets: pulumi.CustomResourceOptions = { additionalSecretOutputs: ["kubeconfig"] };
    super(KWOK_TYPE, name, { ...args, ...outputs }, pulumi.mergeOptions(opts, secrets));
  }
}
