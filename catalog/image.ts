/** What is wrong with an image reference. */
export interface ImageFault {
  readonly reason: string;
  readonly fix: string;
}

// The grammar of https://pkg.go.dev/github.com/distribution/reference, taken apart by hand so that each part can be named
// when it is wrong.
const host =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{1,5})?$/;
const component = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestForm = /^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/;

/** A longer name would hide what is to be added to it. */
const longestShown = 60;

/** `undefined` when `image` is well formed and says exactly what runs: a tag that is not "latest", or a digest. */
export function imageFault(image: string): ImageFault | undefined {
  const at = image.indexOf("@");
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const tagged = at < 0 ? image : image.slice(0, at);
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1);
  const name = colon < 0 ? tagged : tagged.slice(0, colon);

  if (digest !== undefined && !digestForm.test(digest)) {
    return { reason: "The digest is malformed.", fix: "write sha256: and 64 hexadecimal digits after the @" };
  }
  if (name.length > 255 || !isRepository(name)) {
    const lower = name.toLowerCase();
    const fix =
      lower !== name && isRepository(lower) ? "write the repository in lower case" : "write [registry/]name:tag";
    return { reason: "The name of the image is malformed.", fix };
  }
  if (tag !== undefined && !tagForm.test(tag)) {
    return { reason: "The tag is malformed.", fix: "a tag is letters, digits, _, . and -, at most 128 characters" };
  }
  if (tag?.toLowerCase() === "latest") {
    return {
      reason: 'The tag "latest" says nothing about what runs: it moves, and a rollback can\'t go back to it.',
      fix: "write the version that was tested, or its digest",
    };
  }
  if (tag === undefined && digest === undefined) {
    return {
      reason: 'Without a tag or digest this means "latest", which moves.',
      fix: `add the version that was tested: ${name.length > longestShown ? "name" : name}:<tag>`,
    };
  }
  return undefined;
}

function isRepository(name: string): boolean {
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:A-Z]/.test(first) || first === "localhost");
  const path = hasHost ? rest : [first, ...rest];
  return (!hasHost || host.test(first)) && path.every((part) => component.test(part));
}
