import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Queue, bytes } from '../../../dist/index.js';
import { FLAG_REDELIVERED, FLAG_TORN, Journal } from '../journal.js';
import { readMessage } from '../message.js';
import { Survivor, type Spares, type Victims } from './processes.js';
import { ID, lettersOf, type Ground, type Request } from './protocol.js';
import type { RoleName } from './roles.js';
import type { Scene } from './scenes.js';
import { openTraffic, type Traffic } from './traffic.js';

/** Where the points of one sequence are played, one after the other: two survivors who live on, and for each point a fresh queue. */
export class Stage {
  readonly #name: string;
  readonly #spares: Spares;
  readonly #victims: Victims;
  #points = 0;
  #sender = new Survivor();
  #receiver = new Survivor();
  #ground: Ground | undefined;
  #scene: Scene | undefined;
  #observed: Traffic | undefined;
  readonly #opened = new Set<Survivor>();
  readonly #joined = new Set<Survivor>();

  constructor(name: string, spares: Spares, victims: Victims) {
    this.#name = name;
    this.#spares = spares;
    this.#victims = victims;
  }

  get sender(): Survivor {
    return this.#sender;
  }

  get receiver(): Survivor {
    return this.#receiver;
  }

  get ground(): Ground {
    if (this.#ground === undefined) throw new Error('nothing is set up');
    return this.#ground;
  }

  /** The queue or topic as an observer sees it, who takes no part; undefined until it is opened. */
  get observed(): Traffic | undefined {
    return this.#observed;
  }

  /** A fresh queue, and who is there before the victim. */
  async setUp(scene: Scene): Promise<void> {
    const name = `${this.#name}-${this.#points++}`;
    const folder = mkdtempSync(join(tmpdir(), 'ringway-point-'));
    this.#ground = { kind: scene.kind, name, folder, geometry: scene.geometry };
    this.#scene = scene;
    if (!scene.made) this.observe();
    await scene.before(this);
  }

  async waits(): Promise<void> {
    await this.#scene?.waits(this);
  }

  /** Opens the queue, to look at it. */
  observe(): Traffic {
    return (this.#observed ??= openTraffic(this.ground));
  }

  /** What is among the dead letters was received by somebody, too. */
  collectLetters(): void {
    const name = lettersOf(this.ground.name);
    if (!Queue.exists(name)) return;
    const letters = Queue.open(name, { codec: bytes() });
    const journal = new Journal(this.ground.folder, 'consumer', ID.letters);
    try {
      const consumer = letters.consumer();
      for (let letter = consumer.tryReceive(); letter !== undefined; letter = consumer.tryReceive()) {
        const read = readMessage(letter.value);
        const flags = (letter.redelivered ? FLAG_REDELIVERED : 0) | (read === undefined ? FLAG_TORN : 0);
        journal.write(read?.producer ?? 0, read?.sequence ?? 0, flags);
        letter.ack();
      }
    } finally {
      journal.close();
      letters.close();
      Queue.unlink(name);
    }
  }

  async joinSender(): Promise<void> {
    await this.#open(this.#sender);
    await this.#join(this.#sender, { do: 'produce', id: ID.sender, label: 'sender' });
  }

  async joinReceiver(): Promise<void> {
    await this.#open(this.#receiver);
    await this.#join(this.#receiver, { do: 'consume', id: ID.receiver });
  }

  /** Somebody who will die before the victim; he has opened the queue. */
  async first(): Promise<Survivor> {
    const first = this.#spares.take();
    await first.ask({ do: 'open', ground: this.ground });
    return first;
  }

  /** Somebody who plays a role before the victim does, and is killed before the access that stands there in the code. */
  async firstVictim(role: RoleName, file: string, text: string): Promise<void> {
    const first = this.#victims.take();
    const site = this.#victims.site(file, text);
    first.play({ role, ground: this.ground, id: ID.first, step: 0, site, fate: 'SIGKILL' });
    for (;;) {
      const word = await first.word();
      if (word !== undefined && 'ready' in word) continue;
      if (word === undefined || !('place' in word)) throw new Error(`the first victim said ${JSON.stringify(word)}`);
      break;
    }
    await first.gone;
    this.#victims.replace();
  }

  /** Who took part leaves; throws where the queue is not as good as new. */
  async leave(): Promise<void> {
    await Promise.all([this.#sender.ask({ do: 'leave' }), this.#receiver.ask({ do: 'leave' })]);
    this.#observed?.close();
    this.#observed = undefined;
    const { kind, name, geometry } = this.ground;
    if (geometry.ephemeral === true && Queue.exists(name)) {
      throw new Error('the last one has left an ephemeral queue, and it is still there');
    }
    await this.#sender.ask({ do: 'prove' });
    // A topic keeps what it spilled until its lanes have gone round, for who comes late.
    if (kind === 'topic') return;
    const spilled = objectsOf(name).filter((object) => !object.endsWith(name));
    if (spilled.length > 0) throw new Error(`spilled messages are left: ${spilled.join(' ')}`);
  }

  /** Removes what belongs to the present point; returns what was left in shared memory after that. */
  tearDown(): string[] {
    this.#observed?.close();
    this.#observed = undefined;
    this.#opened.clear();
    this.#joined.clear();
    const { name, folder } = this.ground;
    for (const object of [name, lettersOf(name)]) Queue.unlink(object);
    const left = objectsOf(name);
    rmSync(folder, { recursive: true });
    this.#ground = undefined;
    return left;
  }

  /** The survivors may be stuck: others take their places. */
  async renew(): Promise<void> {
    await this.dispose();
    this.#sender = new Survivor();
    this.#receiver = new Survivor();
  }

  /** Ends the survivors, and what waits for them. */
  async dispose(): Promise<void> {
    this.#observed?.close();
    this.#observed = undefined;
    await Promise.all([this.#sender.kill(), this.#receiver.kill()]);
  }

  async #open(survivor: Survivor): Promise<void> {
    if (this.#opened.has(survivor)) return;
    await survivor.ask({ do: 'open', ground: this.ground });
    this.#opened.add(survivor);
  }

  async #join(survivor: Survivor, request: Request): Promise<void> {
    if (this.#joined.has(survivor)) return;
    await survivor.ask(request);
    this.#joined.add(survivor);
  }
}

function objectsOf(name: string): string[] {
  return readdirSync('/dev/shm').filter((object) => object.includes(`${name}.`) || object.endsWith(name));
}
