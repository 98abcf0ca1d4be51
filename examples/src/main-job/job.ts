import { Queue, bytes } from 'ringway';
import { BLOCK_BYTES, blockCount } from './block.js';
import { countFile } from './count-file.js';
import { Executioner } from './executioner.js';
import type { JobFigures } from './figures.js';
import type { Input } from './input.js';
import { planKills } from './kill-plan.js';
import { lineCodec } from './line-message.js';
import type { JobOptions } from './options.js';
import { posts, type PostsPlan } from './posts.js';
import type { Report } from './report.js';
import { sha256Of } from './sha256.js';
import { speedPhase } from './speed-phase.js';
import { sameTotals } from './totals.js';
import { isSound, transfer, type TransferPlan } from './transfer.js';
import { outputPath, type Workshop } from './workshop.js';

/** A job, from what the user asked for to its figures. */
export class Job {
  readonly #options: JobOptions;
  readonly #input: Input;
  readonly #workshop: Workshop;
  readonly #report: Report;
  readonly #signal: AbortSignal;

  constructor(options: JobOptions, input: Input, workshop: Workshop, report: Report, signal: AbortSignal) {
    this.#options = options;
    this.#input = input;
    this.#workshop = workshop;
    this.#report = report;
    this.#signal = signal;
  }

  /** Does what the options say. */
  run(): Promise<JobFigures> {
    this.#report.line(`file ${this.#input.path}, ${this.#input.bytes} bytes`);
    return this.#options.lines ? this.#lines() : this.#blocks();
  }

  /**
   * The file in blocks: fast and undisturbed, unless a viewer wants to kill; then with kills, and the output compared.
   */
  async #blocks(): Promise<JobFigures> {
    const { chaos, seed } = this.#options;
    const { path, bytes: size } = this.#input;
    const speed = chaos ? undefined : await this.#speed();
    const messages = blockCount(size);
    const kills = chaos ? undefined : planKills(messages, seed);
    this.#announce(kills === undefined ? '' : `kills chosen by --seed ${seed}`);
    const { figures } = await transfer(
      {
        ...this.#plan(messages, size, { kind: 'block', kills }),
        judge: new Executioner(kills?.consumerAt !== undefined),
      },
      (name) => Queue.open(name, { codec: bytes(), create: 'always' }),
      this.#report,
      this.#signal,
    );
    const [input, output] = await Promise.all(
      [path, outputPath(this.#workshop)].map((file) => sha256Of(file, this.#signal)),
    );
    const sha256 = { input, output, match: input === output };
    this.#report.hashes(sha256);
    return {
      ok: sha256.match && isSound(figures),
      ...{ file: path, bytes: size, seed, messageBytes: BLOCK_BYTES },
      ...(speed === undefined ? {} : { speed }),
      transfer: figures,
      sha256,
    };
  }

  /** The file line by line, and the consumers' totals compared with those of a single process. */
  async #lines(): Promise<JobFigures> {
    const { seed } = this.#options;
    const { path, bytes: size } = this.#input;
    const file = await countFile(path, this.#signal);
    this.#announce('one message a line');
    const { figures, totals: consumers } = await transfer(
      { ...this.#plan(file.lines, file.bytes, { kind: 'line', kills: undefined }), judge: new Executioner(false) },
      (name) => Queue.open(name, { codec: lineCodec(), create: 'always' }),
      this.#report,
      this.#signal,
    );
    const totals = { file, consumers, match: sameTotals(file, consumers) };
    this.#report.totals(totals);
    return {
      ok: totals.match && isSound(figures),
      ...{ file: path, bytes: size, seed, messageBytes: null },
      transfer: figures,
      totals,
    };
  }

  async #speed(): Promise<JobFigures['speed']> {
    if (this.#input.bytes === 0) {
      this.#report.line('speed: left out, an empty file has nothing to send again and again');
      return undefined;
    }
    this.#report.line(
      `speed: messages of ${BLOCK_BYTES / 1024} KiB, nobody is killed, half as much goes before the clock starts`,
    );
    return speedPhase(this.#input.path, this.#options.mebibytes, this.#workshop, this.#report, this.#signal);
  }

  #announce(remark: string): void {
    const { chaos, seconds } = this.#options;
    const what = chaos
      ? `chaos: kill whom you like, for some ${seconds} s`
      : 'transfer: processes that know the name of a queue';
    this.#report.line(remark === '' ? what : `${what}; ${remark}`);
  }

  #plan(messages: number, size: number, what: Pick<PostsPlan, 'kind' | 'kills'>): Omit<TransferPlan, 'judge'> {
    const { chaos, seconds, consumers } = this.#options;
    const pauseMs = chaos && messages > 0 ? (seconds * 1000) / messages : 0;
    const workshop = this.#workshop;
    return {
      workshop,
      messages,
      bytes: size,
      posts: posts({ workshop, file: this.#input.path, consumers, pauseMs, ...what }),
      faultsEnd: !chaos,
    };
  }
}
