import { describe, expect, it } from "vitest";
import {
  CONTAINER,
  DEPLOYMENT,
  deployment,
  type JsonObject,
  judge,
  PASS,
  podSpec,
  UNKNOWN,
  withContainer,
} from "../fixtures.ts";
import { imagesFixedTag } from "./images-fixed-tag.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const PATH = "spec.template.spec.containers[0].image";

const judgeImage = (image: Parameters<typeof withContainer>[0][string]) =>
  judge(imagesFixedTag, DEPLOYMENT, withContainer({ image }));

describe("images-fixed-tag", () => {
  it.each([
    "nginx:1.27",
    "host:5000/team/app:v2",
    "app:latest-1.4", // a tag of its own
    `nginx@${DIGEST}`,
    `nginx:latest@${DIGEST}`, // the digest decides
  ])("passes %s", async (image) => {
    expect(await judgeImage(image)).toEqual(PASS);
  });

  it.each([
    ["nginx", 'its image "nginx" has no tag, and then means latest', "nginx"],
    ["host:5000/app", 'its image "host:5000/app" has no tag, and then means latest', "host:5000/app"],
    ["nginx:latest", 'its image "nginx:latest" has the tag latest, which moves', "nginx"],
    ["host:5000/app:Latest", 'its image "host:5000/app:Latest" has the tag Latest, which moves', "host:5000/app"],
  ])("rejects %s, and says what to write", async (image, fault, repository) => {
    expect((await judgeImage(image)).violations).toEqual([
      `Deployment shop/orders, container "app": ${fault}.\n` +
        `Fix: ${PATH}: ${repository}:<version>, or ${repository}@sha256:<digest>`,
    ]);
  });

  it.each([
    ["no image", undefined, "it has no image"],
    ["a null image", null, "it has no image"],
    ["an empty image", "", 'its image is "", which names no image'],
    ["what is no reference", "nginx:1.27 ", 'its image is "nginx:1.27 ", which names no image'],
    ["a broken digest", "nginx@sha256:abc", 'its image is "nginx@sha256:abc", which names no image'],
    [
      "a URL with a password",
      "https://me:s3cr3t@host/app:1",
      'its image is "https:…@host/app:1", which names no image',
    ],
    ["a number", 7, "its image is 7, which names no image"],
    ["a very long text", "x y".repeat(100), `its image is "${"x y".repeat(39)}x…, which names no image`],
  ])("rejects %s", async (_, image, fault) => {
    expect((await judgeImage(image)).violations).toEqual([
      `Deployment shop/orders, container "app": ${fault}.\nFix: ${PATH}: registry.example.com/team/app:1.4.2`,
    ]);
  });

  it("rejects it in containers of every role", async () => {
    const spec = podSpec({
      containers: [{ ...CONTAINER, image: "a" }],
      initContainers: [
        { name: "migrate", image: "b" },
        { name: "proxy", image: "c", restartPolicy: "Always" },
      ],
      ephemeralContainers: [{ image: "d" }],
    });
    const { violations } = await judge(imagesFixedTag, DEPLOYMENT, deployment(spec));
    expect(violations.map((message) => message.split(":")[0])).toEqual([
      'Deployment shop/orders, container "app"',
      'Deployment shop/orders, init container "migrate"',
      'Deployment shop/orders, sidecar "proxy"',
      "Deployment shop/orders, ephemeral container spec.template.spec.ephemeralContainers[0]",
    ]);
  });

  it("judges an image that is mounted like one that is run", async () => {
    const mounting = (image: JsonObject) =>
      judge(imagesFixedTag, DEPLOYMENT, deployment(podSpec({ volumes: [{ name: "model", image }] })));
    const label = 'Deployment shop/orders, volume "model"';
    const path = "spec.template.spec.volumes[0].image.reference";
    expect(await mounting({ reference: "registry.example.com/model:3" })).toEqual(PASS);
    expect((await mounting({ reference: "model" })).violations).toEqual([
      `${label}: its image "model" has no tag, and then means latest.\nFix: ${path}: model:<version>, or model@sha256:<digest>`,
    ]);
    expect((await mounting({ pullPolicy: "Always" })).violations.join()).toContain(`${label}: it has no image.`);
    expect((await mounting({ reference: UNKNOWN })).undecided).toContain(`${label}: ${path}`);
  });

  it("is undecided about an unknown image, and judges the one beside it", async () => {
    const spec = podSpec({
      containers: [
        { ...CONTAINER, image: UNKNOWN },
        { ...CONTAINER, name: "second", image: "b" },
      ],
    });
    const verdict = await judge(imagesFixedTag, DEPLOYMENT, deployment(spec));
    expect(verdict.undecided).toBe(`undecided until this is known: Deployment shop/orders, container "app": ${PATH}`);
    expect(verdict.violations.map((message) => message.split(":")[0])).toEqual([
      'Deployment shop/orders, container "second"',
    ]);
  });

  it("passes a patch that leaves the image as it is, and rejects one that sets a bad one", async () => {
    const patch = (container: Parameters<typeof withContainer>[0]) =>
      judge(imagesFixedTag, `${DEPLOYMENT}Patch`, withContainer(container));
    expect(await patch({ image: undefined })).toEqual(PASS);
    expect((await patch({ image: "nginx:latest" })).violations).toHaveLength(1);
  });
});
