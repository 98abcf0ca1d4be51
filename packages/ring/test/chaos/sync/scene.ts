import { join } from 'node:path';
import { Findings } from './findings.js';
import { Journal } from './journal.js';
import type { Planted, Scene } from './part.js';
import type { Session } from './session.js';

/** What the parent says to a process. */
export interface Order {
  readonly part: string;
  readonly place: number;
  readonly seed: number;
  readonly name: string;
  readonly folder: string;
  readonly planted: Planted;
  /** Awaits, and never loses patience: wakes up only when it is woken. */
  readonly patient: boolean;
}

/** What a process gives its worker. */
export interface Task {
  readonly order: Order;
  readonly session: Session;
}

export function journalPath(folder: string): string {
  return join(folder, 'journal');
}

/** The scene as a thread sees it that was ordered there. */
export function sceneOf({ name, folder, planted }: Order): Scene {
  return { name, folder, planted, journal: new Journal(journalPath(folder)), findings: new Findings(folder) };
}
