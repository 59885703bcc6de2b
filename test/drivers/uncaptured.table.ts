/** What an emulated device says as "no value" and no capture holds yet, by driver: validity and reason. A capture that holds one takes it out. */
export const UNCAPTURED: Readonly<Record<string, readonly string[]>> = {
  "bbraun-bcc": ["not_available bolus", "not_available not_applicable", "not_available purge"],
  "draeger-medibus": ["not_available blank"],
  "ge-dri": ["underflow under_range"],
  "philips-intellivue": ["not_available no_value"],
};
