import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseImage } from "./image-reference.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseImage", () => {
  it.each([
    ["nginx", "nginx", undefined, undefined],
    ["nginx:1.27", "nginx", "1.27", undefined],
    ["library/nginx:1.27", "library/nginx", "1.27", undefined],
    ["docker.io/library/nginx", "docker.io/library/nginx", undefined, undefined],
    ["host:5000/image", "host:5000/image", undefined, undefined],
    ["host:5000/image:1", "host:5000/image", "1", undefined],
    ["host:5000/team/image", "host:5000/team/image", undefined, undefined],
    // Without a slash there is no registry, so this is the image "localhost" with a tag.
    ["localhost:5000", "localhost", "5000", undefined],
    ["localhost/image", "localhost/image", undefined, undefined],
    ["127.0.0.1:5000/image:1", "127.0.0.1:5000/image", "1", undefined],
    ["[::1]:5000/image:1", "[::1]:5000/image", "1", undefined],
    [
      "Registry.Example.com/a/b_c/d__e/f-g.h:v1.0-rc.1_x",
      "Registry.Example.com/a/b_c/d__e/f-g.h",
      "v1.0-rc.1_x",
      undefined,
    ],
    [`nginx@${DIGEST}`, "nginx", undefined, DIGEST],
    [`host:5000/nginx:1.27@${DIGEST}`, "host:5000/nginx", "1.27", DIGEST],
  ])("reads %s", (image, repository, tag, digest) => {
    expect(parseImage(image)).toEqual({ repository, tag, digest });
  });

  it.each([
    "",
    " ",
    ":1",
    "nginx:",
    "nginx:1:2",
    "nginx: 1.27",
    " nginx:1.27",
    "nginx:1.27\n",
    "nginx:-1",
    `nginx:${"a".repeat(129)}`,
    "Nginx:1.27",
    "team/Nginx:1.27",
    "/nginx:1",
    "team//nginx:1",
    "team/nginx/:1",
    "nginx@",
    "nginx@latest",
    "nginx@sha256:abc",
    `nginx@${DIGEST}@${DIGEST}`,
    `@${DIGEST}`,
    "https://registry.example.com/nginx:1",
    "user:password@registry.example.com/nginx:1",
    "host:port/image:1",
    "a___b:1",
    "-a:1",
  ])("rejects %j", (image) => {
    expect(parseImage(image)).toBeUndefined();
  });

  it("takes apart whatever is put together by the grammar", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
    const component = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
    const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
    const registry = fc.option(
      fc.tuple(label, label, port).map(([a, b, p]) => `${a}.${b}${p === undefined ? "" : `:${p}`}/`),
      {
        nil: "",
      },
    );
    const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined });
    const digest = fc.option(
      fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
      { nil: undefined },
    );
    fc.assert(
      fc.property(registry, fc.array(component, { minLength: 1, maxLength: 3 }), tag, digest, (host, path, t, d) => {
        const repository = host + path.join("/");
        const image = repository + (t === undefined ? "" : `:${t}`) + (d === undefined ? "" : `@${d}`);
        expect(parseImage(image)).toEqual({ repository, tag: t, digest: d });
      }),
    );
  });

  it("either rejects a text or accounts for every character of it", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9:/@._-]{0,30}$/), (image) => {
        const parsed = parseImage(image);
        if (parsed === undefined) return;
        const { repository, tag, digest } = parsed;
        expect(repository + (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`)).toBe(
          image,
        );
      }),
    );
  });
});
