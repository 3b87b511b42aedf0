import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeContainers } from "../kubernetes/containers.ts";
import { type Field, found } from "../kubernetes/field.ts";
import { parseImage } from "../kubernetes/image-reference.ts";

export const imagesFixedTag: ResourceValidationPolicy = {
  name: "images-fixed-tag",
  description: "Every container image names what runs: by a digest, or by a tag other than latest.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Write the version that was tested after the image's name, or its digest. What has neither is whatever was pushed " +
    "last: nodes then differ, and there is nothing to roll back to.",
  validateResource: judgeContainers((container, findings) => {
    const image = container.field.get("image");
    if (image.unknown) {
      findings.undecided(`${container.label}: ${image.path}`);
      return;
    }
    if (image.absent && container.pod.partial) return;
    const fault = imageFault(image);
    if (fault === undefined) return;
    findings.violation(`${container.label}: ${fault.what}.\nFix: ${image.path}: ${fault.fix}`);
  }),
};

function imageFault(image: Field): { what: string; fix: string } | undefined {
  const example = "registry.example.com/team/app:1.4.2";
  if (image.absent) return { what: "it has no image", fix: example };
  const reference = parseImage(image.text ?? "");
  if (reference === undefined) {
    // Where it is meant as a URL, a password may stand before the "@".
    const shown = found(image).replace(/:[^@]*@/, ":…@");
    return { what: `its image is ${shown}, which names no image`, fix: example };
  }
  const { repository, tag, digest } = reference;
  if (digest !== undefined) return undefined;
  const fix = `${repository}:<version>, or ${repository}@sha256:<digest>`;
  if (tag === undefined) return { what: `its image ${found(image)} has no tag, and then means latest`, fix };
  // Registries tell "Latest" apart, people don't.
  return tag.toLowerCase() === "latest"
    ? { what: `its image ${found(image)} has the tag ${tag}, which moves`, fix }
    : undefined;
}
