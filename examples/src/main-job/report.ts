import { Presets, SingleBar } from 'cli-progress';
import type { CrewWatcher, Death } from './crew.js';
import type { CountFigures, HashFigures, SpeedFigures, TransferFigures } from './figures.js';
import type { Totals } from './totals.js';

const MEBIBYTE = 2 ** 20;
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A progress bar, or nothing where there is no terminal. */
export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** What people read: lines on stdout, a progress bar on stderr if that is a terminal. */
export class Report implements CrewWatcher {
  #bar: SingleBar | undefined;

  /** Prints a line, above the progress bar if there is one. */
  line(text: string): void {
    if (this.#bar !== undefined) {
      process.stderr.clearLine(0);
      process.stderr.cursorTo(0);
    }
    console.log(text);
    this.#bar?.render();
  }

  /** Begins a progress bar of `total` messages. */
  progress(total: number): Progress {
    if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
    const format = '  {bar} {percentage} % of {total} messages, {duration_formatted}';
    const options = {
      format,
      stream: process.stderr,
      clearOnComplete: true,
      stopOnComplete: false,
      gracefulExit: false,
    };
    const bar = new SingleBar(options, Presets.shades_classic);
    this.#bar = bar;
    bar.start(total, 0);
    return {
      // Redelivered messages are on record twice.
      update: (done) => this.#bar === bar && bar.update(Math.min(done, total)),
      stop: () => {
        if (this.#bar !== bar) return;
        this.#bar = undefined;
        bar.stop();
      },
    };
  }

  started(name: string, pid: number, replaces: boolean): void {
    this.line(`  ${name.padEnd(12)}pid ${pid}${replaces ? ' started in its place' : ''}`);
  }

  died({ role, name, pid, signal, planned, number }: Death): void {
    const where = !planned
      ? ''
      : role === 'consumer'
        ? ` with message ${number} written, not acknowledged`
        : ` between two messages, after ${number} of them`;
    this.line(`  ${name.padEnd(12)}pid ${pid} died by ${signal}${where}`);
  }

  resumed(name: string, number: number): void {
    this.line(`  ${name.padEnd(12)}goes on with message ${number}`);
  }

  /** The result of a transfer. */
  transferred(figures: TransferFigures): void {
    const { deaths, redelivered, lost, invented, duplicated, reordered, seconds, messages, consumers } = figures;
    for (const { name, pid, role, wentOnMs } of deaths) {
      if (wentOnMs === null) continue;
      const who = role === 'consumer' ? 'the survivors went on' : 'its successor’s first message was handled';
      this.line(`  ${TENTHS.format(wentOnMs)} ms after the death of ${name} (pid ${pid}) ${who}`);
    }
    const duration = `${TENTHS.format(seconds)} s, starts of processes included`;
    this.line(`  ${WHOLE.format(messages)} messages to ${consumers} consumers in ${duration}: ${rate(figures)}`);
    const wrong = `${lost} lost, ${invented} invented, ${duplicated} duplicated, ${reordered} reordered`;
    this.line(`  ${redelivered} redelivered, ${wrong}`);
  }

  /** A row of the speed phase. */
  speed(row: SpeedFigures): void {
    const ratio = row.system === 'ringway' ? '' : `   ringway is ${TENTHS.format(row.ringwayIsFaster)} times as fast`;
    const amount = `${WHOLE.format(row.bytes / MEBIBYTE)} MiB`;
    this.line(`  ${row.system.padEnd(15)}${amount.padStart(9)}  ${rate(row).padEnd(28)}${ratio}`);
  }

  hashes({ input, output, match }: HashFigures): void {
    this.line(match ? `sha256 match ${input}` : `sha256 MISMATCH: input ${input}, output ${output}`);
  }

  totals({ file, consumers, match }: CountFigures): void {
    this.line(`  consumers      ${counts(consumers)}`);
    this.line(`  single process ${counts(file)}`);
    this.line(match ? 'totals match' : 'totals MISMATCH');
  }
}

function rate({ bytesPerSecond, messagesPerSecond }: { bytesPerSecond: number; messagesPerSecond: number }): string {
  return `${WHOLE.format(bytesPerSecond / MEBIBYTE)} MiB/s, ${WHOLE.format(messagesPerSecond)} msg/s`;
}

function counts({ lines, words, bytes }: Totals): string {
  return `${WHOLE.format(lines)} lines, ${WHOLE.format(words)} words, ${WHOLE.format(bytes)} bytes`;
}
