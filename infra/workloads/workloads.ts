import type * as pulumi from "@pulumi/pulumi";
import type { ServiceContract } from "./contract.ts";
import type { WorkloadPlan } from "./plan.ts";
import { Service } from "./service.ts";
import { Team } from "./team.ts";

/**
 * Registers everything that a plan holds. Components are named for the team or service alone: both names are unique, and
 * joined ones need not be (team "a-b" with service "c", team "a" with service "b-c").
 *
 * @param opts The Kubernetes provider, and optionally `deletedWith`: what takes all of it along when it is deleted.
 * @returns The contract of each service, by its name.
 */
export function registerWorkloads(
  plan: WorkloadPlan,
  opts: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, ServiceContract> {
  const contracts = new Map<string, ServiceContract>();
  for (const teamPlan of plan.teams) {
    const team = new Team(teamPlan.name, { plan: teamPlan }, opts);
    for (const servicePlan of teamPlan.services) {
      const service = new Service(servicePlan.spec.name, { plan: servicePlan, team }, opts);
      contracts.set(servicePlan.spec.name, service.contract);
    }
  }
  return contracts;
}
