import { readFileSync } from "node:fs";
import * as z from "zod";

/** The version of this package, which the whole release shares. */
export const hostVersion: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))).version;
