import { isIPv4, isIPv6 } from "node:net";

/** What is wrong with an address range. */
export interface CidrFault {
  readonly reason: string;
  readonly suggestion: string | undefined;
}

/** What a node talks to itself with: link-local addresses, where clouds hand out its credentials, and AWS's IPv6 one. */
const ofTheNode = ["169.254.0.0/16", "fd00:ec2::254/128"].map(parse);

/** `undefined` when `text` is a range as NetworkPolicy takes it: an address, a prefix length, and no host bits set. */
export function cidrFault(text: string): CidrFault | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  const width = isIPv4(address) ? 32 : isIPv6(address) && !/[%.]/.test(address) ? 128 : undefined;
  if (width === undefined || more.length > 0) return { reason: "This is not an address range.", suggestion: undefined };
  if (prefix === undefined) {
    return { reason: "The prefix length is missing.", suggestion: `${address}/${width}` };
  }
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefix) || Number(prefix) > width) {
    return { reason: `The prefix length must be 0 to ${width}.`, suggestion: undefined };
  }
  const range = parse(text);
  const network = startOf(range, range.length);
  if (network !== range.value) {
    return {
      reason: `Bits are set after the first ${prefix}, so this is one address and not the start of a range.`,
      suggestion: width === 32 ? `${ipv4Text(network)}/${prefix}` : undefined,
    };
  }
  if (!ofTheNode.some((reserved) => isInside(range, reserved))) return undefined;
  return { reason: "Only the node itself has business there: its credentials are behind it.", suggestion: undefined };
}

interface Range {
  readonly width: number;
  readonly value: bigint;
  readonly length: number;
}

function parse(range: string): Range {
  const [address = "", length] = range.split("/");
  return isIPv4(address)
    ? { width: 32, value: ipv4(address), length: Number(length) }
    : { width: 128, value: ipv6(address), length: Number(length) };
}

function isInside(inner: Range, outer: Range): boolean {
  return inner.width === outer.width && inner.length >= outer.length && startOf(inner, outer.length) === outer.value;
}

/** The address with only its first `length` bits. */
function startOf({ width, value }: Range, length: number): bigint {
  const rest = BigInt(width - length);
  return (value >> rest) << rest;
}

function ipv4(address: string): bigint {
  return address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
}

function ipv6(address: string): bigint {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n);
}
