import { describe, expect, it } from "vitest";
import { imageFault } from "./image.ts";

const digest = `sha256:${"0a1b2c3d".repeat(8)}`;

describe("imageFault", () => {
  it.each([
    "redis:8.2",
    "redis:alpine",
    `redis@${digest}`,
    `redis:alpine@${digest}`,
    "library/redis:8",
    "ghcr.io/open-telemetry/demo:1.12.0-cart",
    "localhost:5000/a/b_c/d--e:v1",
    "localhost/a:1",
    "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/frontend:v0.10.6",
    `a:${"t".repeat(128)}`,
  ])("accepts %s", (image) => {
    expect(imageFault(image)).toBeUndefined();
  });

  it.each([
    ["redis", /Without a tag/],
    ["localhost:5000/redis", /Without a tag/],
    ["redis:latest", /"latest"/],
    ["redis:Latest", /"latest"/],
    [`redis:latest@${digest}`, /"latest"/],
    ["redis:", /tag is malformed/],
    [`a:${"t".repeat(129)}`, /tag is malformed/],
    ["redis:8 2", /tag is malformed/],
    ["Redis:8", /name of the image/],
    ["", /name of the image/],
    [":8", /name of the image/],
    ["a//b:1", /name of the image/],
    ["-a:1", /name of the image/],
    ["https://ghcr.io/a:1", /name of the image/],
    [`${"a".repeat(256)}:1`, /name of the image/],
    ["redis@sha256:abc", /digest is malformed/],
    [`redis@${digest}@${digest}`, /digest is malformed/],
  ])("rejects %s", (image, reason) => {
    expect(imageFault(image)?.reason).toMatch(reason);
  });

  it("says that a repository is lower-case", () => {
    expect(imageFault("ghcr.io/Shop/Orders:1")?.fix).toMatch(/lower case/);
  });
});
