import { readFileSync } from "node:fs";

const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");

/** The version of this package, which the whole release shares. */
export const hostVersion: string = (JSON.parse(manifest) as { readonly version: string }).version;
