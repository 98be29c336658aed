import { memoryStore, systemRandom } from "@agent-bridge/core";
import { storeConformance } from "@agent-bridge/testing/store-conformance";

storeConformance({
  name: "memoryStore",
  open: (clock) => memoryStore({ clock, random: systemRandom }),
});
