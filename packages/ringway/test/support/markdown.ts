/** A fenced block of a document. */
export interface Fence {
  /** What stands behind the opening fence, e.g. `js`. */
  readonly language: string;
  readonly text: string;
  /** The last line of prose before it. */
  readonly lead: string;
}

/** A table of a document. */
export interface Table {
  /** The heading under which it stands. */
  readonly heading: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The fenced blocks of a document, in order. */
export function fences(markdown: string): Fence[] {
  const found: Fence[] = [];
  let lead = '';
  let open: { language: string; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    if (!line.startsWith('```')) {
      if (open !== undefined) open.lines.push(line);
      else if (line !== '') lead = line;
    } else if (open === undefined) open = { language: line.slice(3).trim(), lines: [] };
    else {
      found.push({ language: open.language, text: open.lines.map((text) => `${text}\n`).join(''), lead });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`a fence with ${JSON.stringify(open.language)} is never closed`);
  return found;
}

/** The tables of a document, in order. Code in cells is kept as it is written, backticks included. */
export function tables(markdown: string): Table[] {
  const found: Table[] = [];
  let heading = '';
  let rows: string[][] = [];
  for (const line of [...markdown.split('\n'), '']) {
    if (line.startsWith('|')) {
      rows.push(
        line
          .slice(1, line.lastIndexOf('|'))
          .split('|')
          .map((cell) => cell.trim()),
      );
      continue;
    }
    const [columns, , ...body] = rows;
    if (rows.length > 2) found.push({ heading, columns, rows: body });
    rows = [];
    if (/^#+ /.test(line)) heading = line.replace(/^#+ /, '');
  }
  return found;
}

/** The tables under a heading. Throws if there is none. */
export function tablesUnder(markdown: string, heading: string): Table[] {
  const found = tables(markdown).filter((table) => table.heading === heading);
  if (found.length === 0) throw new Error(`no table stands under the heading ${JSON.stringify(heading)}`);
  return found;
}
