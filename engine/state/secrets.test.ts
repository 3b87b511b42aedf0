import { describe, expect, it } from "vitest";
import { PASSPHRASE, recordedState } from "./fixtures/support.ts";
import { Passphrase } from "./passphrase.ts";
import { createCrypter, unlock } from "./secrets.ts";

/** As recorded in a stack's file by the official CLI, with the one secret of its config. */
const SALT = "v1:nilB288bF7Q=:v1:9qt6flLJteByHh5Q:94R+GhFPMyJu246hMTvLxx3D/agh3Q==";
const SECRET = "v1:I5F3SpDsLwIhlt/c:kxRMNZAsV/fLLgIhk2WivORD0/T9brgjHn05GmU=";

describe("the passphrase provider", () => {
  it("opens what the official CLI encrypted", async () => {
    const crypter = await unlock(PASSPHRASE, SALT, "a file");
    expect(crypter.decrypt(SECRET)).toBe("s3cr3t-canary");
    expect(recordedState("a-platform/1-after-up").toString()).toContain(crypter.salt);
  });

  it("encrypts with a fresh nonce each time, for any text", async () => {
    const crypter = await unlock(PASSPHRASE, SALT, "a file");
    for (const text of ["", "plain", "ünï ☃ 𝄞", "x".repeat(100_000)]) {
      const [one, two] = [crypter.encrypt(text), crypter.encrypt(text)];
      expect(one).not.toBe(two);
      expect([crypter.decrypt(one), crypter.decrypt(two)]).toEqual([text, text]);
    }
  });

  it("makes keys that are found again by their salt alone", async () => {
    const made = await createCrypter(PASSPHRASE);
    const found = await unlock(new Passphrase("correct-horse", "elsewhere"), made.salt, "a file");
    expect(found.decrypt(made.encrypt("text"))).toBe("text");
    expect((await createCrypter(PASSPHRASE)).salt).not.toBe(made.salt);
  });

  it("rejects a wrong passphrase, and says where it came from and what to set", async () => {
    const wrong = unlock(new Passphrase("wrong", "/p/.weft/passphrase"), SALT, "/p/Pulumi.local.yaml");
    await expect(wrong).rejects.toThrow(
      "wrong passphrase: /p/.weft/passphrase does not open the secrets of /p/Pulumi.local.yaml",
    );
    await expect(wrong).rejects.toThrow("PULUMI_CONFIG_PASSPHRASE_FILE");
    const fresh = unlock(
      new Passphrase("wrong", "/p/.weft/passphrase", {}, { file: "/p/.weft/passphrase", created: true }),
      SALT,
      "/p/Pulumi.local.yaml",
    );
    await expect(fresh).rejects.toThrow("was made just now");
  });

  it.each(["", "v1", "v2:a:v1:b:c", "v1:a:v1:b:c:d"])("rejects the salt %j", async (salt) => {
    await expect(unlock(PASSPHRASE, salt, "the checkpoint")).rejects.toThrow("the encryption salt in the checkpoint");
  });

  it("rejects a ciphertext that was changed anywhere or cut short", async () => {
    const crypter = await unlock(PASSPHRASE, SALT, "a file");
    const bytes = Buffer.from(SECRET.split(":")[2] ?? "", "base64");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => crypter.decrypt(`v1:I5F3SpDsLwIhlt/c:${changed.toString("base64")}`)).toThrow();
    }
    for (const text of ["", "v1:I5F3SpDsLwIhlt/c", "v2:a:b", "v1:AAAA:AAAA", `${SECRET}:x`, SECRET.slice(0, 40)]) {
      expect(() => crypter.decrypt(text)).toThrow();
    }
  });
});
