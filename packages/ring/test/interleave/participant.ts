// One participant of a scenario: a thread that plays its program again and again, one run after the other.
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { STEPS } from '../steps/instrument.js';
import type { ModelObject } from './model-segment.js';
import { loadModules } from './modules.js';
import { Gone, Scheduler } from './scheduler.js';
import { scenarioNamed } from './scenarios/index.js';
import { CONTROL, EXPLORER, type Shared } from './shared.js';

export interface ParticipantData {
  readonly scenario: string;
  readonly me: number;
  readonly shared: Shared;
  readonly object: ModelObject;
  readonly urls: Record<string, string>;
  /** Where to say what a program threw. */
  readonly port: MessagePort;
}

/** Runs between two turns of the event loop. */
const RUNS_PER_TURN = 256;

const { scenario: name, me, shared, object, urls, port } = workerData as ParticipantData;
const scheduler = new Scheduler(shared, me);
const { control } = scheduler;
Reflect.set(globalThis, STEPS, scheduler);
// Time passes when the scheduler says so.
const milliseconds = (): number => control[CONTROL.clock] * 100;
performance.now = milliseconds;
Reflect.set(process, 'hrtime', () => [Math.floor(milliseconds() / 1000), (milliseconds() % 1000) * 1e6]);
// Nobody waits for a timer in a model: what it would do, a later run would see.
Reflect.set(globalThis, 'setTimeout', () => ({ unref: () => undefined }));
const modules = await loadModules((module) => urls[module]);
const { model, programs } = scenarioNamed(name);
const program = programs[me];

function failed(error: unknown): void {
  if (error instanceof Gone || scheduler.gone) return;
  port.postMessage(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

// Of a promise that nobody awaits, because its participant is gone.
process.on('unhandledRejection', failed);

parentPort?.postMessage('ready');
for (;;) {
  scheduler.awaitBaton();
  if (control[CONTROL.exit] !== 0) break;
  let world: unknown;
  try {
    world = model.world(modules, scheduler, shared, object);
    program.prepare?.(world);
  } catch (error) {
    failed(error);
  }
  scheduler.giveBaton(EXPLORER);
  scheduler.awaitBaton();
  try {
    if (world !== undefined) {
      const going = program.body(world);
      if (going !== undefined) await going;
    }
  } catch (error) {
    failed(error);
  }
  // What was left to do when its participant was gone, is done before the next run begins; now and then the event loop has a turn.
  if (control[CONTROL.run] % RUNS_PER_TURN === 0) await setImmediate();
  else await Promise.resolve();
  scheduler.finish();
}
