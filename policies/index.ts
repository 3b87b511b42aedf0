import { PolicyPack } from "@pulumi/policy";
import { RULES } from "./rules.ts";

new PolicyPack("weft-policies", {
  description: "What every workload on a Weft platform must be, whoever wrote it.",
  policies: [...RULES],
});
