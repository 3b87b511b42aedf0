import { equal, type Secret } from "../property.ts";

/**
 * Remembers how each secret is encrypted in the checkpoint, so that a secret that did not change keeps its ciphertext
 * and an unchanged state stays unchanged byte for byte. A ciphertext is used again only for the same value in the same
 * place: anywhere else it would show that two secrets are equal.
 */
export class SecretMemory {
  readonly #bySecret = new WeakMap<Secret, { readonly place: string; readonly ciphertext: string }>();
  readonly #byPlace = new Map<string, { readonly secret: Secret; readonly ciphertext: string }>();

  /** `place` is the resource's URN and the path of the property in it. */
  remember(place: string, secret: Secret, ciphertext: string): void {
    this.#bySecret.set(secret, { place, ciphertext });
    this.#byPlace.set(place, { secret, ciphertext });
  }

  /** The ciphertext that the same value had in the same place. */
  recall(place: string, secret: Secret): string | undefined {
    // A resource and its replacement share a URN, so the object itself is asked first.
    const own = this.#bySecret.get(secret);
    if (own?.place === place) return own.ciphertext;
    const there = this.#byPlace.get(place);
    return there !== undefined && equal(there.secret, secret, "strict") ? there.ciphertext : undefined;
  }
}
