import { lstatSync, readdirSync, statSync, type Stats } from "node:fs";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import type { Check } from "./context.ts";
import { ok, problem, shellWord, warn, type HealthFinding } from "./finding.ts";

const others = 0o077;
const othersWrite = 0o022;
/** What a process printed beside its log is told when it is larger. */
const muchOutput = 8 * 1024 * 1024;

/** The name that a shell's `chown` takes for this user. */
function thisUser(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A user id without an entry, as containers have them.
    if ((error as NodeJS.ErrnoException).code !== "ERR_SYSTEM_ERROR") throw error;
    return String(process.getuid?.() ?? 0);
  }
}

const isForeign = ({ uid }: Stats): boolean =>
  process.getuid !== undefined && uid !== process.getuid();

function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** The files and folders of a folder, with all below it but what plugins keep in their own way. */
function below(folder: string): readonly { readonly path: string; readonly found: Stats }[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined || found.isSymbolicLink() ? [] : [{ path, found }];
  });
}

export const stateFolderCheck: Check = {
  name: "state folder",
  run: async ({ paths: { stateFolder } }) => {
    const found = statSync(stateFolder, { throwIfNoEntry: false });
    if (found === undefined)
      return await Promise.resolve([ok(`${stateFolder} is made by the first start.`)]);
    const folder = shellWord(stateFolder);
    if (!found.isDirectory())
      return [problem(`${stateFolder} is not a folder.`, `mv ${folder} ${folder}.aside`)];
    const all = [{ path: stateFolder, found }, ...below(stateFolder)];
    const foreign = all.filter((each) => isForeign(each.found));
    const open = all.filter((each) => (each.found.mode & others) !== 0);
    const findings: HealthFinding[] = [];
    if (foreign.length > 0) {
      const text = `${list(foreign.map(({ path }) => path))} of the state folder belong to someone else.`;
      findings.push(problem(text, `sudo chown -R ${shellWord(thisUser())} ${folder}`));
    }
    if (open.length > 0) {
      const text = `Others may use ${list(open.map(({ path }) => path))}; the state folder is for you alone (0700, files 0600).`;
      findings.push(problem(text, `chmod -R go-rwx ${folder}`));
    }
    return findings.length > 0 ? findings : [ok(`${stateFolder} is yours alone.`)];
  },
};

export const configFileCheck: Check = {
  name: "config file",
  run: async ({ paths: { configFile, isConfigNamed } }) => {
    const found = statSync(configFile, { throwIfNoEntry: false });
    // That there is none is told by the check of what it says.
    if (found === undefined) return await Promise.resolve([]);
    const file = shellWord(configFile);
    if (isForeign(found) && found.uid !== 0)
      return [
        problem(
          `${configFile} belongs to someone else.`,
          `sudo chown ${shellWord(thisUser())} ${file}`,
        ),
      ];
    if ((found.mode & othersWrite) !== 0)
      return [problem(`Others may write ${configFile}.`, `chmod go-w ${file}`)];
    if (!isConfigNamed && (found.mode & others) !== 0)
      return [warn(`Others may read ${configFile}.`, `chmod 600 ${file}`)];
    return [ok(`${configFile} is safe from others.`)];
  },
};

export const logCheck: Check = {
  name: "log",
  run: async ({ paths: { stateFolder, log, output } }) => {
    const own = statSync(stateFolder, { throwIfNoEntry: false });
    const names = own?.isDirectory() === true ? readdirSync(stateFolder) : [];
    const logs = names.filter((name) => name.startsWith(basename(log)));
    const sizes = logs.map((name) => statSync(join(stateFolder, name)).size);
    const printed = statSync(output, { throwIfNoEntry: false })?.size ?? 0;
    if (printed > muchOutput) {
      const text = `${output} has ${printed} bytes: a part of the daemon prints beside its log.`;
      return await Promise.resolve([warn(text, `truncate -s 0 ${shellWord(output)}`)]);
    }
    if (logs.length === 0) return [ok("No log was written yet.")];
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return [ok(`${log} has ${bytes} bytes in ${logs.length} files.`)];
  },
};
