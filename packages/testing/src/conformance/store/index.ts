export type { StoreCase, StoreConformance } from "./about.ts";
export type { MessageSketch, StoreBench, TaskSketch } from "./bench.ts";
export { storeCases } from "./store-cases.ts";
export { runReopening, runStoreCase, storeConformance } from "./store-conformance.ts";
export { checkAgainstModel } from "./model/store-model-property.ts";
