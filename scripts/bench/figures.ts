/** One measured figure. */
export interface Figure {
  readonly name: string;
  readonly unit: "ms" | "%" | "MB";
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** The figure of a list of measurements. */
export function figureOf(name: string, unit: Figure["unit"], values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { name, unit, p50: at(0.5), p99: at(0.99), count: values.length };
}

const cell = (value: number, width: number): string => value.toFixed(3).padStart(width);

/** The figures as a table for people. */
export function formatFigures(machine: string, figures: readonly Figure[]): string {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  const head = `${"".padEnd(width)}       p50       p99  unit  count`;
  const rows = figures.map(
    ({ name, unit, p50, p99, count }) =>
      `${name.padEnd(width)} ${cell(p50, 9)} ${cell(p99, 9)}  ${unit.padEnd(4)} ${count}`,
  );
  return [machine, "", head, ...rows].join("\n");
}
