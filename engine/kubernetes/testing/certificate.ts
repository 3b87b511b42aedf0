import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1 that signs itself. Made anew for each server. */
export function selfSignedCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = toBeSigned(publicKey);
  const signature = sign("sha256", body, privateKey);
  const certificate = sequence(body, ECDSA_SHA256, bitString(signature));
  const base64 = (certificate.toString("base64").match(/.{1,64}/g) ?? []).join("\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** The `TBSCertificate` of RFC 5280, in DER. */
function toBeSigned(publicKey: KeyObject): Buffer {
  const name = sequence(tag(0x31, sequence(objectId("550403"), tag(0x0c, Buffer.from("127.0.0.1")))));
  const validity = sequence(tag(0x17, Buffer.from("250101000000Z")), tag(0x17, Buffer.from("490101000000Z")));
  const alternativeName = sequence(tag(0x87, Buffer.from([127, 0, 0, 1])));
  const authority = sequence(tag(0x01, Buffer.from([0xff])));
  const extensions = sequence(
    sequence(objectId("551d11"), tag(0x04, alternativeName)),
    sequence(objectId("551d13"), tag(0x01, Buffer.from([0xff])), tag(0x04, authority)),
  );
  return sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.from([1])),
    ECDSA_SHA256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tag(0xa3, extensions),
  );
}

function tag(type: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function objectId(hex: string): Buffer {
  return tag(0x06, Buffer.from(hex, "hex"));
}

function bitString(content: Buffer): Buffer {
  return tag(0x03, Buffer.concat([Buffer.from([0]), content]));
}

/** 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = sequence(objectId("2a8648ce3d040302"));
