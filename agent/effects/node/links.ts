import { udpAddressIn } from "../../../config/settings/udp-address.ts";
import type { Serial } from "../effects.ts";
import { nodeSerial } from "./serial.ts";
import { openUdp } from "./udp.ts";

/** Serial lines, and devices on a network: what a path says is what is opened. */
export function nodeLinks(): Serial {
  const serial = nodeSerial();
  return {
    open: (path, line) => {
      const address = udpAddressIn(path);
      return address === undefined ? serial.open(path, line) : openUdp(path, address);
    },
  };
}
