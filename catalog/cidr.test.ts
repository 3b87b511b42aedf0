import { describe, expect, it } from "vitest";
import { cidrFault } from "./cidr.ts";

describe("cidrFault", () => {
  it.each([
    "203.0.113.0/24",
    "192.0.2.25/32",
    "0.0.0.0/0",
    "2001:db8::/32",
    "::/0",
    "2001:db8:0:0:0:0:0:1/128",
    "169.254.0.0/15", // wider than what is the node's alone
    "169.253.0.0/16",
    "fd00:ec2::/32",
    "fd00:ec2::253/128",
  ])("accepts %s", (range) => {
    expect(cidrFault(range)).toBeUndefined();
  });

  it.each([
    ["203.0.113.7/24", /Bits are set/, "203.0.113.0/24"],
    ["255.255.255.255/1", /Bits are set/, "128.0.0.0/1"],
    ["2001:db8::1/32", /Bits are set/, undefined],
    ["169.254.169.254/32", /credentials/, undefined],
    ["169.254.0.0/16", /credentials/, undefined],
    ["169.254.170.0/24", /credentials/, undefined],
    ["fd00:ec2::254/128", /credentials/, undefined],
    ["fd00:ec2:0:0:0:0:0:254/128", /credentials/, undefined],
    ["203.0.113.7", /prefix length is missing/, "203.0.113.7/32"],
    ["2001:db8::1", /prefix length is missing/, "2001:db8::1/128"],
    ["203.0.113.0/33", /0 to 32/, undefined],
    ["203.0.113.0/024", /0 to 32/, undefined],
    ["203.0.113.0/", /0 to 32/, undefined],
    ["203.0.113.0/24/8", /not an address range/, undefined],
    ["010.0.0.0/8", /not an address range/, undefined],
    ["::ffff:10.0.0.1/128", /not an address range/, undefined],
    ["fe80::%eth0/64", /not an address range/, undefined],
    ["payments.example.com", /not an address range/, undefined],
    ["", /not an address range/, undefined],
  ])("rejects %s", (range, reason, suggestion) => {
    expect(cidrFault(range)).toEqual({ reason: expect.stringMatching(reason), suggestion });
  });
});
