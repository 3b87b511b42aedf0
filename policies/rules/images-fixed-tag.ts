import type { ResourceValidationPolicy } from "@pulumi/policy";
import { containersOf } from "../kubernetes/containers.ts";
import { type Field, found } from "../kubernetes/field.ts";
import { parseImage } from "../kubernetes/image-reference.ts";
import { judgePods } from "../kubernetes/pods.ts";
import { volumesOf } from "../kubernetes/volumes.ts";

export const imagesFixedTag: ResourceValidationPolicy = {
  name: "images-fixed-tag",
  description: "Every container image names what runs: by a digest, or by a tag other than latest.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Write the version that was tested after the image's name, or its digest. What has neither is whatever was pushed " +
    "last: nodes then differ, and there is nothing to roll back to.",
  validateResource: judgePods((pod, findings) => {
    const images = [
      ...containersOf(pod, findings).map(({ label, field }) => ({ label, image: field.get("image") })),
      ...volumesOf(pod, findings)
        .filter(({ field }) => !field.get("image").absent)
        .map(({ label, field }) => ({ label, image: field.at(["image", "reference"]) })),
    ];
    for (const { label, image } of images) {
      if (findings.leftOpen(label, image) || (image.absent && pod.partial)) continue;
      const fault = imageFault(image);
      if (fault !== undefined) findings.violation(`${label}: ${fault.what}.\nFix: ${image.path}: ${fault.fix}`);
    }
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
