import { describe, expect, test } from "vitest";
import { parseUdpAddress, udpAddressIn, udpPath } from "../../config/settings/udp-address.ts";

describe("the address of a device on a network", () => {
  test.each(["192.168.9.20:24105", "1.0.0.0:1", "223.255.255.255:65535", "127.0.0.1:24105"])("may be %s", (text) => {
    const [host, port] = text.split(":");
    expect(parseUdpAddress(text)).toEqual({ host, port: Number(port) });
    expect(udpAddressIn(udpPath(text))).toEqual({ host, port: Number(port) });
  });

  test.each([
    ["a name", "monitor.icu:24105"],
    ["no port", "192.168.9.20"],
    ["port 0", "192.168.9.20:0"],
    ["a port that there is not", "192.168.9.20:65536"],
    ["a port with a zero in front", "192.168.9.20:024105"],
    ["a number that there is not", "192.168.9.256:24105"],
    ["a zero in front, which some read as octal", "192.168.010.20:24105"],
    ["three numbers", "192.168.20:24105"],
    ["all hosts of this network", "255.255.255.255:24105"],
    ["a group", "239.1.2.3:24105"],
    ["no host", "0.0.0.0:24105"],
    ["a blank", " 192.168.9.20:24105"],
    ["a line break behind it", "192.168.9.20:24105\n"],
    ["hexadecimal digits", "0xC0.168.9.20:24105"],
    ["IPv6", "[fd00::1]:24105"],
    ["with a scheme", "udp://192.168.9.20:24105"],
  ])("may not be %s", (_, text) => {
    expect(parseUdpAddress(text)).toBeUndefined();
    expect(udpAddressIn(udpPath(text))).toBeUndefined();
  });

  test("is in no path of a serial port", () => {
    for (const path of ["/dev/ttyUSB0", "192.168.9.20:24105", "/udp:192.168.9.20:24105"]) expect(udpAddressIn(path)).toBeUndefined();
  });
});
