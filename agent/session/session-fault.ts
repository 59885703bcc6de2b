import type { AnyDriver, LineSettings } from "../../drivers/kit/driver.ts";
import { linkText, UDP } from "../../drivers/kit/line.ts";
import { Fault, type FaultKey } from "../fault/fault.ts";

/** What a session tells of its device; with what the driver expects, since nothing else on a gateway says it. */
export function sessionFault(key: FaultKey, of: { readonly device: string; readonly location: string; readonly driver: AnyDriver }): Fault {
  const { device, location, driver } = of;
  return new Fault(key, `${device} at ${location}: ${said(key, driver)}`, { location });
}

function said(key: FaultKey, driver: AnyDriver): string {
  const { id, device, line, otherLines } = driver;
  const onNetwork = linkText(driver) === UDP;
  switch (key) {
    case "session.silent":
      return onNetwork ? `${id} is silent: nothing comes from its address` : `${id} is silent`;
    case "session.no_frame":
      if (onNetwork) return `datagrams arrive, but the driver ${id} (${device}) understands none; is it such a device?`;
      return `bytes arrive, but the driver ${id} (${device}) understands none; it expects ${expected(line)}${otherLines === undefined ? "" : OTHERWISE}`;
    case "port.gone":
      return `${id} hung up`;
    default:
      return `${id} failed`;
  }
}

/** Where its devices may be set to several lines, a rule says which. */
const OTHERWISE = "; if the device is set otherwise, its rule needs  line:  (bedside drivers  lists what may stand there)";

/** In the words of a device's menu. */
const expected = ({ speed, format, modemLines }: LineSettings): string =>
  `${speed} baud, ${format} (${FORMATS[format]})${modemLines === "rtscts" ? " and hardware handshake (RTS/CTS)" : ""}`;
const FORMATS: Readonly<Record<LineSettings["format"], string>> = {
  "8N1": "8 data bits, no parity, 1 stop bit",
  "8N2": "8 data bits, no parity, 2 stop bits",
  "8E1": "8 data bits, even parity, 1 stop bit",
  "8O1": "8 data bits, odd parity, 1 stop bit",
  "7E1": "7 data bits, even parity, 1 stop bit",
};
