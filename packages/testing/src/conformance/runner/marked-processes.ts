import { readdir, readFile } from "node:fs/promises";

/** A process that carries a text in its environment. */
export interface MarkedProcess {
  readonly pid: number;
  readonly command: string;
}

/** What a process that ends, or belongs to somebody else, answers with. */
const gone = new Set(["ENOENT", "ESRCH", "EACCES", "EPERM"]);

/**
 * The processes whose environment holds a text, read from `/proc` alone: a second opinion beside the code under test.
 * Elsewhere than on Linux there is none: the list is empty.
 */
export async function processesWith(text: string): Promise<MarkedProcess[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readMarked(Number(pid), text)));
  return found.filter((entry) => entry !== undefined);
}

async function readMarked(pid: number, text: string): Promise<MarkedProcess | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    if (pid === process.pid || !environment.includes(text)) return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, "latin1")).replaceAll("\0", " ").trim();
    // What has ended but was not yet collected by its parent has no command any more.
    return command === "" ? undefined : { pid, command };
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
