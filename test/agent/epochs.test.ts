import { expect, test } from "vitest";
import type { Attachment } from "../../agent/session/attachment.ts";
import { Epochs } from "../../agent/session/epochs.ts";
import { decodeBatch, encodeDeviceField } from "../../proto/codec.ts";
import { IDENTITY, MODE } from "../../proto/messages.ts";

const RACK: Attachment = {
  device: "rack-1",
  socket: "bed-1",
  mode: "real",
  location: "uart-0",
  driver: "bbraun-bcc",
  facts: {},
  known: "socket",
  contested: false,
};
const onTheWire = (epochs: Epochs, epoch: number) => decodeBatch(encodeDeviceField(epochs.device(epoch)))!.devices[0];

test("a node is introduced as a node of the port's device, known by its own serial number", () => {
  const epochs = new Epochs();
  epochs.begin(RACK);
  epochs.begin({ ...RACK, node: ["1", "K"], facts: { serial: "P7" } });
  expect(onTheWire(epochs, 1)).toMatchObject({ epoch: 1, device: "rack-1", mode: MODE.real, identity: IDENTITY.socket });
  expect(onTheWire(epochs, 1)?.node ?? []).toEqual([]);
  expect(onTheWire(epochs, 2)).toMatchObject({
    epoch: 2,
    device: "rack-1",
    socket: "bed-1",
    node: ["1", "K"],
    identity: IDENTITY.protocol,
  });
});

test("what changes of one epoch is not said of another, and numbers are not given twice", () => {
  const epochs = new Epochs();
  for (const slot of ["1", "2", "3"]) epochs.begin({ ...RACK, node: ["1", slot] });
  epochs.change(2, { ...RACK, node: ["1", "2"], facts: { serial: "P7" } });
  expect([1, 2, 3].map((epoch) => onTheWire(epochs, epoch)?.identity)).toEqual([IDENTITY.socket, IDENTITY.protocol, IDENTITY.socket]);
  epochs.end(3);
  expect(epochs.begin({ ...RACK, node: ["1", "3"] }).epoch).toBe(4);
  epochs.change(3, RACK);
  expect(() => epochs.device(3)).toThrow();
});
