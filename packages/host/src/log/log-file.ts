import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";

/** Where a log is written, and how much of it is kept. */
export interface LogFileOptions {
  readonly path: string;
  /** A file that the next line would make larger is put aside first. */
  readonly maxBytes: number;
  /** How many there are at most: the one in use, and `<path>.1` (the newest put aside), `<path>.2` … */
  readonly files: number;
}

/** A log file that is put aside when it is full. */
export interface LogFile extends Disposable {
  /**
   * Appends a whole line, written when it returns. Never throws for what the disk does: a line that can not
   * be written is lost, and how many were is told before the next one that can.
   */
  write(line: string): void;
}

interface OpenFile {
  readonly descriptor: number;
  readonly inode: number;
  bytes: number;
  /** True where the last line has no end: the next begins on a line of its own. */
  isTorn: boolean;
}

const lineEnd = "\n".codePointAt(0);

function open(path: string): OpenFile {
  const descriptor = openSync(
    path,
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
    0o600,
  );
  try {
    const { size, ino, mode } = fstatSync(descriptor);
    if ((mode & 0o777) !== 0o600) fchmodSync(descriptor, 0o600);
    const last = Buffer.alloc(1);
    const hasLast = size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1;
    return { descriptor, inode: ino, bytes: size, isTorn: hasLast && last[0] !== lineEnd };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** True when the path is another file by now, or none: someone removed the log or put it aside. */
function isElsewhere(path: string, { inode }: OpenFile): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino !== inode;
}

function append(file: OpenFile, line: string): void {
  const bytes = Buffer.from(file.isTorn ? `\n${line}` : line);
  for (let written = 0; written < bytes.length;) {
    const count = writeSync(file.descriptor, bytes, written);
    written += count;
    file.bytes += count;
    file.isTorn = written < bytes.length;
  }
}

function putAside({ path, files }: LogFileOptions): void {
  const nameOf = (number: number): string => (number === 0 ? path : `${path}.${number}`);
  rmSync(nameOf(files - 1), { force: true });
  for (let number = files - 2; number >= 0; number--) {
    if (statSync(nameOf(number), { throwIfNoEntry: false }) === undefined) continue;
    renameSync(nameOf(number), nameOf(number + 1));
  }
}

/** Opens a log file at its first line, mode 0600. What another process writes there is left as it is. */
export function openLogFile(options: LogFileOptions): LogFile {
  const { path, maxBytes } = options;
  let current: OpenFile | undefined;
  let lost = 0;
  const close = (): void => {
    if (current !== undefined) closeSync(current.descriptor);
    current = undefined;
  };
  const put = (line: string): void => {
    if (current !== undefined && isElsewhere(path, current)) close();
    current ??= open(path);
    if (current.bytes > 0 && current.bytes + Buffer.byteLength(line) > maxBytes) {
      close();
      putAside(options);
      current = open(path);
    }
    append(current, line);
  };
  return {
    write: (line) => {
      try {
        if (lost > 0) put(lostLine(lost));
        lost = 0;
        put(line);
      } catch (error) {
        if (typeof (error as NodeJS.ErrnoException).syscall !== "string") throw error;
        lost++;
      }
    },
    [Symbol.dispose]: close,
  };
}

function lostLine(lines: number): string {
  const at = new Date().toISOString();
  const message = "Lines of this log could not be written";
  return `${JSON.stringify({ level: "warn", at, pid: process.pid, lines, message })}\n`;
}
