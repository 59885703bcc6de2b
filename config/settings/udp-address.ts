/**
 * A device on a network: one IPv4 address and one UDP port, both as numbers. No name (who answers for it decides whom we speak to), no
 * group and no broadcast (all would hear, and all could answer).
 */
export type UdpAddress = { readonly host: string; readonly port: number };

/** Without zeros in front, which some programs read as octal. */
const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
export const UDP_PATTERN = new RegExp(`^(${OCTET}\\.){3}${OCTET}:[1-9][0-9]{0,4}$`);
/** 0 is this network, 224 and above are groups and what is reserved. */
const FIRST = { least: 1, most: 223 } as const;
const PORT_MAX = 65_535;

export function parseUdpAddress(text: string): UdpAddress | undefined {
  if (!UDP_PATTERN.test(text)) return undefined;
  const [host = "", port] = text.split(":");
  const first = Number(host.split(".")[0]);
  return first < FIRST.least || first > FIRST.most || Number(port) > PORT_MAX ? undefined : { host, port: Number(port) };
}

/** How such a port's path is written, where a serial port has that of its node. */
const SCHEME = "udp:";
export const udpPath = (address: string): string => `${SCHEME}${address}`;
/** The address in the path of a port; undefined of a serial one. */
export const udpAddressIn = (path: string): UdpAddress | undefined =>
  path.startsWith(SCHEME) ? parseUdpAddress(path.slice(SCHEME.length)) : undefined;
