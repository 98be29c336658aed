import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Check } from "./context.ts";
import { ok, problem, shellWord, warn } from "./finding.ts";

const mebibyte = 1024 * 1024;
/** Below it new work is refused: the store keeps room back for what is under way. */
const leastBytes = 8 * mebibyte;
const fewBytes = 256 * mebibyte;

/** How far the clock may be behind the newest event before it is wrong. */
const skewMs = 60_000;
/** A clock before it was never set. */
const earliest = Date.UTC(2025, 0, 1);

const newerNode = "npx -y -p node@24 -p agent-bridge agent-bridge doctor";

/** The first numbers of a version. */
function numbersOf(version: string): readonly number[] {
  return version.split(".").map(Number);
}

/** True for what `engines` of this package says; a test keeps the two equal. */
export function isNodeSupported(version: string): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
}

/** True from 3.51.3 on: older ones may lose a reset of the write-ahead log. */
export function isSqliteSupported(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = numbersOf(version);
  return major * 1_000_000 + minor * 1000 + patch >= 3_051_003;
}

export const nodeCheck: Check = {
  name: "node",
  run: async ({ versions: { node } }) => {
    const text = `Node ${node}`;
    if (isNodeSupported(node)) return await Promise.resolve([ok(`${text} is recent enough.`)]);
    return [problem(`${text} is too old or untried: ^24.16.0 || >=26.1.0 is needed.`, newerNode)];
  },
};

export const sqliteCheck: Check = {
  name: "sqlite",
  run: async ({ versions: { sqlite } }) => {
    if (isSqliteSupported(sqlite))
      return await Promise.resolve([ok(`SQLite ${sqlite} is recent enough.`)]);
    return [problem(`This Node brings SQLite ${sqlite}; 3.51.3 is needed.`, newerNode)];
  },
};

function existing(folder: string): string {
  return statSync(folder, { throwIfNoEntry: false }) === undefined
    ? existing(dirname(folder))
    : folder;
}

const inMebibytes = (bytes: number): string => `${Math.floor(bytes / mebibyte)} MiB`;

export const spaceCheck: Check = {
  name: "space",
  run: async ({ paths: { stateFolder, database }, freeBytes, isHeld }) => {
    const folder = existing(stateFolder);
    const free = freeBytes(folder);
    const text = `${inMebibytes(free)} are free on the disk of ${folder}`;
    const mend = `du -ahx ${shellWord(folder)} | sort -h | tail`;
    const ballast = statSync(`${database}-ballast`, { throwIfNoEntry: false });
    if (free < leastBytes) return [problem(`${text}: new work is refused.`, mend)];
    if (isHeld && statSync(database, { throwIfNoEntry: false }) !== undefined && !ballast)
      return [
        warn(`${text}, but the daemon had to give its reserve back: new work is refused.`, mend),
      ];
    if (free < fewBytes) return [warn(`${text}: that is little.`, mend)];
    return await Promise.resolve([ok(`${text}.`)]);
  },
};

export const clockCheck: Check = {
  name: "clock",
  run: async ({ now, store }) => {
    const mend = "sudo timedatectl set-ntp true";
    const time = new Date(now()).toISOString();
    if (now() < earliest) return [problem(`The clock says ${time}: it was never set.`, mend)];
    const last = (await store())?.lastEventAt ?? null;
    if (last !== null && last > now() + skewMs) {
      const newest = new Date(last).toISOString();
      const text = `The clock says ${time}, but the newest event is of ${newest}: one of the two was wrong.`;
      return [problem(text, mend)];
    }
    return [ok(`The clock says ${time}.`)];
  },
};
