export { kindConformance } from "./kind-conformance.ts";
export { kindCases } from "./kind-cases.ts";
export type { KindCase, KindConformance } from "./kind-cases.ts";
