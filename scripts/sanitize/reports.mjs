// What the sanitizers have to say: each writes its reports into files of a directory, one a process.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A leak is ours when one of our functions allocated, or had something allocated for it. */
const OURS = /\bringway::|\b(ringway|seeded)\.node\b|\bseeded\/\w+\.cc:/;
/**
 * What stands for a promise (8 bytes) in an environment that ended before it was settled: Node frees it when it is settled, refuses to settle it in an environment that ends, and has
 * no call that only frees it.
 */
const UNSETTLED = /^ *#1 .* in napi_create_promise\b/m;
/** The first lines of reports, and of the parts of one. */
const LEAK = /^(Direct|Indirect) leak of /;
const ERROR = /^==\d+==\s*ERROR: (AddressSanitizer|LeakSanitizer)|^WARNING: ThreadSanitizer|: runtime error: /;
const VALGRIND = /^==\d+== (?=\S)(?!(Thread|HEAP|LEAK|ERROR|For|Use|Command|Memcheck|Copyright|Using|Parent)\b)/;

/** Cuts a text before each line that `isFirst` accepts; what stands before the first such line is left out. */
function cut(lines, isFirst) {
  const parts = [];
  for (const line of lines) {
    if (isFirst(line)) parts.push([]);
    parts.at(-1)?.push(line);
  }
  return parts.map((part) => part.join('\n').trim());
}

/**
 * The reports in what AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer or ThreadSanitizer wrote. Leaks of Node, and of
 * programs that a test starts, are not counted: Node lets the end of the process free much of what it has.
 */
export function sanitizerReports(text) {
  return cut(text.split('\n'), (line) => ERROR.test(line)).flatMap((report) => {
    if (!report.includes('LeakSanitizer: detected memory leaks')) return [report];
    return cut(report.split('\n'), (line) => LEAK.test(line)).filter(
      (leak) => OURS.test(leak) && !UNSETTLED.test(leak),
    );
  });
}

/** The reports in what valgrind's memcheck wrote. */
export function valgrindReports(text) {
  const lines = text.split('\n').filter((line) => /^==\d+==/.test(line));
  return cut(lines, (line) => VALGRIND.test(line));
}

/** A directory for the reports of one run. */
export class ReportDirectory {
  #path = mkdtempSync(join(tmpdir(), 'ringway-sanitize-'));

  /** What the sanitizers of a process and its children are told, and what a run must not override. */
  environment(options = {}) {
    const common = (name, more) => [`log_path=${join(this.#path, name)}`, ...more].join(':');
    return {
      // An error aborts: whoever waits for the process sees that it failed. The exit code is that of leaks alone, which are
      // judged here. Node has its own handler for SIGSEGV, and keeps it.
      ASAN_OPTIONS: common('asan', [
        'abort_on_error=1',
        'exitcode=0',
        'detect_leaks=1',
        'detect_stack_use_after_return=1',
        'allow_user_segv_handler=1',
        'disable_coredump=1',
        // Up to GCC 13 the runtime takes a block of dynamic TLS that begins 16 bytes into a page for one of a glibc before 2.25, reads its
        // bounds from what lies before it, and dies in the leak check (google/sanitizers#1322): the process ends with SIGABRT and no report.
        'intercept_tls_get_addr=0',
      ]),
      UBSAN_OPTIONS: common('ubsan', ['print_stacktrace=1']),
      TSAN_OPTIONS: common('tsan', ['second_deadlock_stack=1', 'exitcode=0']),
      ...options,
    };
  }

  /** Where valgrind is to write; it puts the process id in. */
  get valgrindLog() {
    return join(this.#path, 'valgrind.%p');
  }

  /** All reports that were written so far. */
  read() {
    return readdirSync(this.#path).flatMap((name) => {
      const text = readFileSync(join(this.#path, name), 'utf8');
      return name.startsWith('valgrind') ? valgrindReports(text) : sanitizerReports(text);
    });
  }

  /** All that was written, also what is no report: a sanitizer that gives up says so in words of its own. */
  text() {
    return readdirSync(this.#path)
      .map((name) => `${name}:\n${readFileSync(join(this.#path, name), 'utf8').trim()}`)
      .join('\n');
  }

  remove() {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
