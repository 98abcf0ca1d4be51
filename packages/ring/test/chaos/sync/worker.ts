// One thread of a process of a chaos run over the primitives.
import { workerData } from 'node:worker_threads';
import { partOf } from './parts/index.js';
import { sceneOf, type Task } from './scene.js';
import { play } from './session.js';

const { order, session } = workerData as Task;
await play(session, partOf(order.part), sceneOf(order));
