/** An image reference taken apart: `registry.example:5000/team/app:1.2@sha256:…`. */
export interface ImageReference {
  /** With the registry, if one is named. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

// The grammar of https://pkg.go.dev/github.com/distribution/reference.
const HOST =
  /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)(?::\d+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** `undefined` when `image` is no image reference at all. */
export function parseImage(image: string): ImageReference | undefined {
  const [tagged = "", ...digests] = image.split("@");
  // A colon before the last slash belongs to the registry's port.
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const repository = colon < 0 ? tagged : tagged.slice(0, colon);
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1);
  const digest = digests[0];
  const well =
    digests.length <= 1 &&
    isRepository(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  return well ? { repository, tag, digest } : undefined;
}

function isRepository(repository: string): boolean {
  const [first = "", ...rest] = repository.split("/");
  const path = rest.length > 0 && rest.every((component) => COMPONENT.test(component));
  return (path && HOST.test(first)) || [first, ...rest].every((component) => COMPONENT.test(component));
}
