import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { StateError } from "./error.ts";
import type { Passphrase } from "./passphrase.ts";

/** Encrypts and decrypts with the key of one stack. */
export interface Crypter {
  /** What is stored to find the key again: `v1:<salt>:v1:<nonce>:<"pulumi", encrypted>`. Not secret. */
  readonly salt: string;
  /** `v1:<nonce>:<ciphertext>`, with a fresh nonce each time. */
  encrypt(plaintext: string): string;
  /** Throws when the text was damaged or encrypted with another key. */
  decrypt(ciphertext: string): string;
}

/** Iterations, key length and algorithm of Pulumi's passphrase provider (OWASP asks for 600,000 at least). */
const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = "v1";
/** Encrypted beside the salt, to tell a wrong passphrase from a damaged secret. */
const KNOWN_TEXT = "pulumi";

const deriveKey = promisify(pbkdf2);
/** The derivation takes most of a second, and config and state mostly share a salt. Keyed by passphrase and salt. */
const keys = new WeakMap<Passphrase, Map<string, Promise<Buffer>>>();

function keyOf(passphrase: Passphrase, salt: Buffer): Promise<Buffer> {
  const known = keys.get(passphrase) ?? new Map<string, Promise<Buffer>>();
  keys.set(passphrase, known);
  const name = salt.toString("base64");
  const key = known.get(name) ?? deriveKey(passphrase.reveal(), salt, ITERATIONS, KEY_BYTES, "sha256");
  known.set(name, key);
  return key;
}

/** The key that belongs to a recorded salt. A wrong passphrase is an error that says where the passphrase came from. */
export async function unlock(passphrase: Passphrase, salt: string, foundIn: string): Promise<Crypter> {
  const [version, encoded, ...rest] = salt.split(":");
  if (version !== VERSION || encoded === undefined || rest.length !== 3) {
    throw new StateError(
      `the encryption salt in ${foundIn} is not one of Pulumi's passphrase provider (${VERSION}:<salt>:${VERSION}:<nonce>:<text>)`,
    );
  }
  const crypter = crypterOf(await keyOf(passphrase, Buffer.from(encoded, "base64")), salt);
  if (opens(crypter, rest.join(":"))) return crypter;
  throw new StateError(
    [
      `wrong passphrase: ${passphrase.source} does not open the secrets of ${foundIn}`,
      passphrase.created
        ? "That passphrase was made just now, because there was none; the stack was encrypted with an earlier one."
        : "The stack was encrypted with another passphrase, or the salt was changed.",
      "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one it was made with, or restore the file.",
    ].join("\n"),
  );
}

/** A key with a new random salt. */
export async function createCrypter(passphrase: Passphrase): Promise<Crypter> {
  const salt = randomBytes(SALT_BYTES);
  const key = await keyOf(passphrase, salt);
  const check = crypterOf(key, "").encrypt(KNOWN_TEXT);
  return crypterOf(key, `${VERSION}:${salt.toString("base64")}:${check}`);
}

function opens(crypter: Crypter, check: string): boolean {
  try {
    return crypter.decrypt(check) === KNOWN_TEXT;
  } catch {
    return false;
  }
}

function crypterOf(key: Buffer, salt: string): Crypter {
  return {
    salt,
    encrypt(plaintext) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const text = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}:${nonce.toString("base64")}:${text.toString("base64")}`;
    },
    decrypt(ciphertext) {
      const [version, nonce, text, ...rest] = ciphertext.split(":");
      if (version !== VERSION || nonce === undefined || text === undefined || rest.length > 0) {
        throw new Error(`not an encrypted value (${VERSION}:<nonce>:<text>)`);
      }
      const bytes = Buffer.from(text, "base64");
      const iv = Buffer.from(nonce, "base64");
      if (iv.length !== NONCE_BYTES || bytes.length < TAG_BYTES) throw new Error("an encrypted value was cut short");
      const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
    },
  };
}
