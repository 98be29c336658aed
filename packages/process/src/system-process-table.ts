import { linuxProcessTable } from "./linux-process-table.ts";
import type { ProcessTable } from "./process-table.ts";
import { psProcessTable } from "./ps-process-table.ts";

/** The table of the system that this runs on. */
export const processTable: ProcessTable =
  process.platform === "linux" ? linuxProcessTable : psProcessTable;
