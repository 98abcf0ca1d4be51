import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { STEPS } from '../../steps/instrument.js';
import type { Tree } from '../../steps/tree.js';
import { WORD_FD, type Answer, type Request, type Sentence, type Word } from './protocol.js';

/** A child process, and when it is gone. */
class Child {
  readonly process: ChildProcess;
  /** Resolves to its exit code or signal. */
  readonly gone: Promise<number | NodeJS.Signals | null>;

  constructor(module: string, parameters: string[], stdio: ('ignore' | 'inherit' | 'pipe' | 'ipc')[]) {
    this.process = fork(fileURLToPath(new URL(module, import.meta.url)), parameters, { stdio });
    this.gone = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('exit', (code, signal) => {
        resolve(signal ?? code);
      });
    });
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('a process did not start');
    return this.process.pid;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.gone;
  }
}

/** A process that does what it is asked for; see survivor.ts. */
export class Survivor extends Child {
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #next = 0;

  constructor() {
    super('survivor.js', [], ['ignore', 'ignore', 'inherit', 'ipc']);
    this.process.on('message', (answer: Answer) => {
      const heard = this.#asked.get(answer.id);
      this.#asked.delete(answer.id);
      heard?.(answer);
    });
    void this.gone.then((end) => {
      for (const [id, heard] of this.#asked) heard({ id, error: `a survivor ended: ${String(end)}` });
    });
  }

  /** Lets it do one thing; resolves to the answer, rejects with an error of the same code. */
  async ask(request: Request): Promise<number | undefined> {
    const id = this.#next++;
    const answered = new Promise<Answer>((resolve) => this.#asked.set(id, resolve));
    this.process.send({ id, request }, (error) => {
      if (error !== null) this.#asked.get(id)?.({ id, error: String(error) });
    });
    const { result, error, code } = await answered;
    if (error !== undefined) throw Object.assign(new Error(`${request.do}: ${error}`), { code });
    return result;
  }
}

/** A process that meets its fate; see victim.ts. */
export class Victim extends Child {
  readonly #words: Word[] = [];
  #heard: (() => void) | undefined;
  #ended = false;

  constructor(tree: Tree) {
    const parameters = [STEPS, tree.url('ring/queue'), tree.url('ring/topic'), tree.url('ring/codec')];
    super('victim.js', parameters, ['ignore', 'ignore', 'inherit', 'pipe', 'ipc']);
    const lines = createInterface({ input: this.process.stdio[WORD_FD] as Readable });
    lines.on('line', (line) => {
      this.#words.push(JSON.parse(line) as Word);
      this.#heard?.();
    });
    lines.on('close', () => {
      this.#ended = true;
      this.#heard?.();
    });
  }

  /** The next thing that it says; undefined when it is gone, and all was heard. */
  async word(): Promise<Word | undefined> {
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined || this.#ended) return word;
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  play(sentence: Sentence): void {
    // If it is gone, its end says so.
    this.process.send(sentence, () => undefined);
  }

  /** Resolves when the kernel has stopped it. */
  async stopped(): Promise<void> {
    while (stateOf(this.pid) !== 'T') await new Promise(setImmediate);
  }
}

/** As /proc names it: R, S, T, …. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.charAt(stat.lastIndexOf(')') + 2);
}

/** Victims that were started ahead. */
export class Victims {
  readonly #tree: Tree;
  readonly #ready: Victim[] = [];
  readonly #all = new Set<Victim>();
  #over = false;

  constructor(tree: Tree, ahead: number) {
    this.#tree = tree;
    for (let i = 0; i < ahead; i++) this.#add();
  }

  /** One that has loaded its modules, or is at it. */
  take(): Victim {
    return this.#ready.shift() ?? this.#start();
  }

  /** Where this stands in the code; throws unless it is exactly one place. */
  site(file: string, text: string): number {
    const found = this.#tree.sites.flatMap((site, index) => (site.file === file && site.text === text ? [index] : []));
    if (found.length !== 1)
      throw new Error(`${file} has ${found.length} places with ${text}: the scene must follow the code`);
    return found[0];
  }

  /** It is gone: another one is started. */
  replace(): void {
    if (!this.#over) this.#add();
  }

  /** It has lived through its point. */
  giveBack(victim: Victim): void {
    this.#ready.push(victim);
  }

  async dispose(): Promise<void> {
    this.#over = true;
    await Promise.all([...this.#all].map((victim) => victim.kill()));
  }

  #add(): void {
    this.#ready.push(this.#start());
  }

  #start(): Victim {
    const victim = new Victim(this.#tree);
    this.#all.add(victim);
    void victim.gone.then(() => this.#all.delete(victim));
    return victim;
  }
}

/** Survivors that were started ahead, for those who die in every point. */
export class Spares {
  readonly #ready: Survivor[] = [];
  readonly #all = new Set<Survivor>();

  take(): Survivor {
    const taken = this.#ready.shift() ?? this.#start();
    this.#ready.push(this.#start());
    return taken;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#all].map((survivor) => survivor.kill()));
  }

  #start(): Survivor {
    const survivor = new Survivor();
    this.#all.add(survivor);
    void survivor.gone.then(() => this.#all.delete(survivor));
    return survivor;
  }
}
