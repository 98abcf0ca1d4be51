// Runs the programs of the sanitizers.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { root } from '../run.mjs';

/** How long what a killed program has started may go on holding its output, in milliseconds. */
const OUTPUT_AFTER_KILL_MS = 5_000;

const running = new Set();

/** Kills a process and all that it started but what began a process group of its own. */
function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // All of them have ended meanwhile.
    if (error.code !== 'ESRCH') throw error;
  }
}

// A terminal interrupts its own process group only, and each program has another one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
process.once('exit', () => {
  for (const child of running) killGroup(child);
});

/**
 * Runs a program to its end and resolves to `{ pid, code, signal, output, seconds, late }`, where `output` is all that it
 * printed. One that takes longer than `limitMs` is killed, with all that it started, and is then `late`.
 */
export function runProgram(command, args, { cwd = root, env = {}, limitMs = 300_000 } = {}) {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own.
      detached: true,
    });
    let output = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (output += text));
    }
    const limit = setTimeout(() => {
      late = true;
      output += `\nnot ended after ${limitMs / 1000} s: killed\n`;
      killGroup(child);
      // Whoever has left the group may have inherited the pipes.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, OUTPUT_AFTER_KILL_MS).unref();
    }, limitMs);
    child.once('spawn', () => running.add(child));
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ pid: child.pid, code, signal, output, seconds: (performance.now() - begun) / 1000, late });
    });
  });
}
