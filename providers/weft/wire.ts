/**
 * Pulumi's marks on the wire. The SDK's provider server hands values over as they came and sends them as they are
 * returned, so secrets are objects with a signature, and what a preview does not know yet is a fixed text.
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** An unknown text, number, boolean, list and map. */
const UNKNOWNS: ReadonlySet<unknown> = new Set([
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export function isUnknown(value: unknown): boolean {
  return UNKNOWNS.has(isSecret(value) ? value.value : value);
}

export function isSecret(value: unknown): value is { value: unknown } {
  return typeof value === "object" && value !== null && SIGNATURE in value && value[SIGNATURE] === SECRET;
}

export function secret(value: unknown): object {
  return { [SIGNATURE]: SECRET, value };
}

/** The properties with their secrets in the clear. None of ours holds a secret further down. */
export function unwrap(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, isSecret(value) ? value.value : value]),
  );
}
