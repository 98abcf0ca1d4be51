import type { Machine } from './machine.js';
import type { Ratio } from './ratios.js';
import type { Row } from './row.js';

/** Significant digits: runs differ by more. */
const DIGITS = 4;

function figure(value: number): string {
  const rounded = Number(value.toPrecision(DIGITS));
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: DIGITS });
}

/** A table for a terminal; the first `texts` columns are texts, the others figures. */
function table(lines: readonly (readonly string[])[], texts: number): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const aligned = (cell: string, column: number): string =>
    column < texts ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return lines.map((line) => line.map(aligned).join('  ').trimEnd()).join('\n');
}

/** What was found, a line each. */
export function rowsTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.scenario,
    row.system,
    Object.entries(row.params)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    row.unit,
    ...[row.median, row.min, row.max].map(figure),
    row.p99 === undefined ? '' : figure(row.p99),
  ]);
  return table([['scenario', 'system', 'params', 'unit', 'median', 'min', 'max', 'p99'], ...lines], 4);
}

/** What must be reached, and whether it is. */
export function ratiosTable(ratios: readonly Ratio[]): string {
  const lines = ratios.map(({ name, required, measured, unit, met }) => [
    name,
    met ? 'met' : 'MISSED',
    'least' in required ? `>= ${figure(required.least)}` : `<= ${figure(required.most)}`,
    figure(measured),
    unit,
  ]);
  return table([['what', '', 'required', 'measured', ''], ...lines], 2);
}

/** The machine in a few lines. */
export function describe(machine: Machine): string {
  const { cpu, cpus, architecture, kernel, node, load, pinned, siblings } = machine;
  const where =
    pinned === null
      ? 'not pinned'
      : `sender pinned to CPU ${pinned.sender}, receiver to CPU ${pinned.receiver}` +
        (siblings === true ? ' (threads of one core)' : '');
  return [
    `${cpu}, ${cpus} CPUs, ${architecture}, Linux ${kernel}, Node ${node}`,
    `${where}; load average ${load.toFixed(2)} before the first run`,
  ].join('\n');
}
