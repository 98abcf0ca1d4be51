// Runs the programs of the sanitizers.
import { performance } from 'node:perf_hooks';
import { clearTimeout } from 'node:timers';
import { spawn } from 'node:child_process';
import { root } from '../run.mjs';

/**
 * Runs a program to its end and resolves to `{ code, signal, output, seconds }`, where `output` is all that it printed. One
 * that takes longer than `limitMs` is killed, with all that it started, and is then said to have ended by that signal.
 */
export function runProgram(command, args, { cwd = root, env = {}, limitMs = 600_000 } = {}) {
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
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (output += text));
    }
    const kill = () => {
      output += `\nnot ended after ${limitMs / 1000} s\n`;
      process.kill(-child.pid, 'SIGKILL');
    };
    const limit = setTimeout(kill, limitMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, output, seconds: (performance.now() - begun) / 1000 });
    });
  });
}
