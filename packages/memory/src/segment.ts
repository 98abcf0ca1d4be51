import { closeSync, fdatasync } from 'node:fs';
import type { PathLike } from 'node:fs';
import { promisify } from 'node:util';
import { WAIT_RESULT } from '@ringway/native';
import type { LockRange, Native } from '@ringway/native';

import { FileAttachments } from './attachments.js';
import { bearObject } from './birth.js';
import { mergeRanges } from './byte-range.js';
import type { ByteRange } from './byte-range.js';
import { directoryAbilities } from './directory.js';
import { RingwayError } from './errors.js';
import { Gate } from './gate.js';
import { fence, registeredForFences } from './fences.js';
import { HEADER_BYTES } from './header-layout.js';
import { checkHeader, decodeHeader, encodeHeader } from './header.js';
import type { HeaderExpectations, SegmentHeader } from './header.js';
import { KIND_MEMORY } from './kinds.js';
import { LockTable } from './lock-table.js';
import { anonymous, mapFile } from './map-file.js';
import type { AnonymousOptions, MapFileOptions } from './map-file.js';
import { viewOf } from './mapping.js';
import type { Mapping, ViewConstructor } from './mapping.js';
import { MappingTable } from './mapping-table.js';
import { AttachmentNames, objectPath, resolvePlace } from './names.js';
import { newHeader } from './new-header.js';
import type { HeaderSpec } from './new-header.js';
import { openObject, ownerOf, readFirstPage } from './object-file.js';
import { listSegments, segmentExists } from './observe.js';
import type { ListOptions, PlaceOptions, SegmentInfo } from './observe.js';
import { persist } from './persist.js';
import { native as loadNative } from './platform.js';
import { PosixError, codeOf } from './posix-error.js';
import type { Attachments, SegmentHandle, WaitResult, Watch, WatchReason } from './segment-handle.js';
import { checkRoom, explainNoSpace } from './space.js';
import { SizedDescriptor, Truncation } from './truncation.js';
import { checkOwner, trustOf } from './trust.js';
import { leadsTo, unlinkHere, unlinkObject } from './unlink.js';
import { memoryRange, memorySpec } from './user-memory.js';
import type { MemoryOptions } from './user-memory.js';
import { watches } from './watches.js';

/** What an opener demands. */
export interface SegmentExpectations extends HeaderExpectations, PlaceOptions {
  /** User ids whose segments are opened besides one's own and root's. Default none. */
  readonly trust?: readonly number[];
}

/** What a creator makes. */
export interface SegmentSpec extends HeaderSpec, SegmentExpectations {
  /** Permission bits, whatever the umask says. Default 0o600. */
  readonly mode?: number;
  /** Ranges whose memory is reserved from the start; the header's page always is. Default none. */
  readonly commit?: readonly ByteRange[];
  /** Writes what shall be there from the start; offsets from 4096 on. */
  readonly fill?: (write: (offset: number, bytes: Uint8Array) => void) => void;
}

const DEFAULT_MODE = 0o600;
const PERMISSION_BITS = 0o777;
/** A blocked thread sees `terminate()` and signals only between two native waits. */
const LONGEST_WAIT_MS = 100;

const WAIT_RESULTS: ReadonlyMap<number, WaitResult> = new Map([
  [WAIT_RESULT.woken, 'woken'],
  [WAIT_RESULT.changed, 'changed'],
  [WAIT_RESULT.timeout, 'timeout'],
]);

interface SegmentParts {
  readonly native: Native;
  readonly name: string;
  readonly path: string;
  readonly fd: number;
  readonly header: SegmentHeader;
  readonly mode: number;
  readonly trust: readonly number[];
  readonly created: boolean;
}

/** A handle of a segment in POSIX shared memory, or in a file of a chosen directory. See {@link SegmentHandle}. */
export class Segment implements SegmentHandle {
  readonly name: string;
  /** Path of the object. */
  readonly path: string;
  readonly header: SegmentHeader;
  readonly attachments: Attachments;
  /** Whether this handle made the segment, as against found it. */
  readonly created: boolean;

  readonly #native: Native;
  readonly #directory: string;
  readonly #truncation: Truncation;
  readonly #descriptor: SizedDescriptor;
  readonly #locks: LockTable;
  readonly #gate: Gate;
  readonly #mappings: MappingTable;
  readonly #attachmentNames: AttachmentNames;
  readonly #watches = new Set<Watch>();
  #holds = 0;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #closed: string | undefined;

  private constructor(parts: SegmentParts) {
    const { native, path } = parts;
    this.name = parts.name;
    this.path = path;
    this.header = parts.header;
    this.created = parts.created;
    this.#native = native;
    const { size } = parts.header;
    this.#truncation = new Truncation(native, path, size, () => this.#mappings.buffers());
    this.#descriptor = new SizedDescriptor(native, parts.fd, size, this.#truncation.cut);
    this.#locks = new LockTable(native, this.#descriptor, path);
    this.#gate = new Gate(native, this.#descriptor, path);
    this.#mappings = new MappingTable(native, this.#descriptor, size, path);
    this.#attachmentNames = new AttachmentNames(path, parts.header.creationId);
    this.#directory = this.#attachmentNames.directory;
    this.attachments = new FileAttachments({
      native,
      names: this.#attachmentNames,
      mode: parts.mode,
      trust: parts.trust,
      assertOpen: () => this.#assertOpen(),
      assertNotClosed: () => this.#assertNotClosed(),
    });
    this.#descriptor.onLost(() =>
      this.#shut('it was closed because somebody in this process closed or replaced its descriptor by number'),
    );
  }

  /**
   * Makes a segment. Errors: `ERR_RINGWAY_EXISTS`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNSUPPORTED_DIR`,
   * `ERR_RINGWAY_UNSUPPORTED_PLATFORM`, `ERR_RINGWAY_INVALID_NAME`, `RangeError`, those of `node:fs`.
   */
  static create(name: string, spec: SegmentSpec): Segment {
    const native = loadNative();
    const path = objectPath(name, resolvePlace(spec.dir));
    const segment = segmentExists(name, spec) ? undefined : Segment.#make(native, name, path, spec);
    if (segment === undefined) {
      throw new RingwayError('ERR_RINGWAY_EXISTS', `${path} exists already. Open it, unlink it, or use another name`);
    }
    return segment;
  }

  /**
   * Opens a segment. Errors: `ERR_RINGWAY_NOT_FOUND`, `ERR_RINGWAY_NOT_A_SEGMENT`, `ERR_RINGWAY_OWNER`,
   * `ERR_RINGWAY_FORMAT_VERSION`, `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_UNSUPPORTED_FEATURE`,
   * `ERR_RINGWAY_OTHER_BOOT`, `ERR_RINGWAY_KIND_MISMATCH`, `ERR_RINGWAY_UNSUPPORTED_PLATFORM`, `ERR_RINGWAY_INVALID_NAME`,
   * those of `node:fs`. What of geometry and codec must agree is for the caller to judge, from `header`.
   */
  static open(name: string, expectations: SegmentExpectations): Segment {
    const native = loadNative();
    const path = objectPath(name, resolvePlace(expectations.dir));
    return Segment.#attach(native, name, path, expectations);
  }

  /** Opens a segment, or makes it if there is none. Errors as of {@link Segment.open} and {@link Segment.create}. */
  static openOrCreate(name: string, spec: SegmentSpec): Segment {
    const native = loadNative();
    const path = objectPath(name, resolvePlace(spec.dir));
    const expectations = { ...spec, knownFeatures: (spec.knownFeatures ?? 0) | (spec.requiredFeatures ?? 0) };
    return persist(path, () => {
      try {
        return Segment.#attach(native, name, path, expectations);
      } catch (error) {
        if (codeOf(error) !== 'ERR_RINGWAY_NOT_FOUND') throw error;
      }
      return Segment.#make(native, name, path, spec);
    });
  }

  /**
   * Opens memory of one's own by name, or makes it: zeroes, reserved, the same for all processes that open it; {@link Segment.bytes}, {@link Segment.view}. Nothing keeps two from
   * writing at once: `Mutex.at` and its like place locks in it. Errors as of {@link Segment.openOrCreate}, `ERR_RINGWAY_OPTIONS_MISMATCH`.
   */
  static memory(name: string, options: MemoryOptions = {}): Segment {
    const spec = memorySpec(options);
    const segment =
      spec === undefined
        ? Segment.open(name, { ...options, kind: KIND_MEMORY })
        : options.create === 'always'
          ? Segment.create(name, spec)
          : Segment.openOrCreate(name, spec);
    try {
      memoryRange(segment.header, name, options);
      return segment;
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /** Maps a file that exists, as `mapFile` does: what is written into the mapping is written into the file. */
  static map(path: PathLike, options: MapFileOptions = {}): Mapping {
    return mapFile(path, options);
  }

  /** Memory of this process alone, outside of V8's heap, as `anonymous` does. */
  static anonymous(length: number, options: AnonymousOptions = {}): Mapping {
    return anonymous(length, options);
  }

  /**
   * Removes a segment's name, under its gate, whatever is the matter with what is inside; who has it open goes on. Its attachments
   * go too when nobody takes part in it. False if there is none. Errors: `ERR_RINGWAY_NOT_A_SEGMENT`, `ERR_RINGWAY_BUSY`,
   * `ERR_RINGWAY_INVALID_NAME`, `ERR_RINGWAY_UNSUPPORTED_PLATFORM`, those of `node:fs`.
   */
  static unlink(name: string, options: PlaceOptions = {}): boolean {
    const native = loadNative();
    const path = objectPath(name, resolvePlace(options.dir));
    return persist(path, () => unlinkObject(native, path));
  }

  /** Whether there is an object of that name that may be a segment. Read-only; never loads the addon. Errors: `ERR_RINGWAY_INVALID_NAME`, those of `node:fs`. */
  static exists(name: string, options: PlaceOptions = {}): boolean {
    return segmentExists(name, options);
  }

  /** The segments of a place, by reading their headers; never maps them, and never loads the addon. Errors: those of `node:fs`. */
  static list(options: ListOptions = {}): SegmentInfo[] {
    return listSegments(options);
  }

  static #make(native: Native, name: string, path: string, spec: SegmentSpec): Segment | undefined {
    const mode = spec.mode ?? DEFAULT_MODE;
    if (!Number.isInteger(mode) || mode < 0 || mode > PERMISSION_BITS) {
      throw new RangeError(`mode must be permission bits from 0 to 0o777, got ${mode}`);
    }
    const trust = trustOf(spec.trust);
    const page = encodeHeader(newHeader(spec));
    const commit = spec.commit ?? [];
    for (const { offset, length } of commit) checkCommit(offset, length, spec.size);
    const abilities = directoryAbilities(native, new AttachmentNames(path, '').directory);
    const fd = bearObject(native, abilities, {
      path,
      mode,
      size: spec.size,
      reserve: mergeRanges([{ offset: 0, length: HEADER_BYTES }, ...commit]),
      fill: (write) => {
        write(0, page);
        spec.fill?.((offset, bytes) => {
          if (offset < HEADER_BYTES)
            throw new RangeError(`the header fills the first ${HEADER_BYTES} bytes, got ${offset}`);
          write(offset, bytes);
        });
      },
    });
    if (fd === undefined) return undefined;
    const header = decodeHeader(page, spec.size, path);
    return new Segment({ native, name, path, fd, header, mode, trust, created: true });
  }

  static #attach(native: Native, name: string, path: string, expectations: SegmentExpectations): Segment {
    const trust = trustOf(expectations.trust);
    const { fd, stats } = openTrusted(path, trust);
    try {
      checkOwner(stats.uid, trust, path);
      const header = decodeHeader(readFirstPage(fd), stats.size, path);
      checkHeader(header, expectations, path);
      const mode = stats.mode & PERMISSION_BITS;
      return new Segment({ native, name, path, fd, header, mode, trust: [...trust, stats.uid], created: false });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * The bytes of one's own, of a segment that {@link Segment.memory} opened: the same array at each call. Do not give it to the asynchronous functions of Node.js.
   * Errors: `ERR_RINGWAY_KIND_MISMATCH` for any other segment, `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_SEGMENT_TRUNCATED`.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    if (this.#bytes === undefined) {
      const { offset, length } = memoryRange(this.header, this.name);
      this.#bytes = new Uint8Array(this.map(offset, this.header.size - offset), 0, length);
    }
    return this.#bytes;
  }

  /**
   * A view of a part of {@link Segment.bytes}, for example `segment.view(Int32Array, 4096, 16)`.
   *
   * @param type - the class of the view
   * @param offset - its first byte, a multiple of the element size; default 0
   * @param length - how many elements it has; default: as many as fit
   */
  view<T>(type: ViewConstructor<T>, offset = 0, length?: number): T {
    return viewOf(this.bytes, type, offset, length);
  }

  /** Writes what was changed to the disk, where the segment lies in a directory on one (`fdatasync`), off the event loop. */
  async flush(): Promise<void> {
    this.#assertOpen();
    this.#descriptor.stat();
    await promisify(fdatasync)(this.#descriptor.fd);
  }

  map(offset: number, length: number): ArrayBuffer {
    this.#assertOpen();
    const buffer = this.#mappings.map(offset, length, false);
    if (offset === 0) this.#truncation.watchHeader(buffer);
    return buffer;
  }

  mapRing(offset: number, length: number): ArrayBuffer {
    this.#assertOpen();
    return this.#mappings.map(offset, length, true);
  }

  unmap(buffer: ArrayBuffer): void {
    this.#assertOpen();
    this.#mappings.unmap(buffer);
  }

  commit(offset: number, length: number): void {
    this.#assertOpen();
    this.#mappings.checkRange(offset, length);
    checkRoom(this.#directory, length);
    this.#descriptor.stat();
    const result = this.#native.reserve(this.#descriptor.fd, offset, length);
    if (result === 0) return;
    this.punch(offset, length);
    throw explainNoSpace(new PosixError(result, 'fallocate', this.path), this.#directory, length);
  }

  punch(offset: number, length: number): void {
    this.#assertOpen();
    this.#mappings.checkRange(offset, length);
    this.#descriptor.stat();
    const result = this.#native.punch(this.#descriptor.fd, offset, length);
    if (result !== 0) throw new PosixError(result, 'fallocate', this.path);
  }

  /** One plain store and one load while no mapping of this environment has met missing memory. */
  assertIntact(): void {
    this.#truncation.check();
  }

  inspect(): void {
    this.#assertOpen();
    this.#truncation.checkHeader();
    this.#descriptor.stat();
  }

  withGate<T>(body: () => T): T {
    this.#assertOpen();
    return this.#gate.run(body);
  }

  isLinked(): boolean {
    this.#assertOpen();
    this.#truncation.checkHeader();
    const { nlink } = this.#descriptor.stat();
    if (nlink < 2n) return nlink === 1n;
    // Where objects are born under a temporary name, a creator killed between linking and removing that leaves two.
    return leadsTo(this.path, this.#descriptor);
  }

  unlink(condition = (): boolean => true): boolean {
    this.#assertOpen();
    return this.#gate.run(
      () => condition() && unlinkHere(this.path, this.#descriptor, this.#locks, this.#attachmentNames),
    );
  }

  tryLock(index: number): boolean {
    this.#assertOpen();
    return this.#locks.tryLock(index);
  }

  unlock(index: number): void {
    this.#assertOpen();
    this.#locks.unlock(index);
  }

  holds(index: number): boolean {
    this.#assertOpen();
    return this.#locks.holds(index);
  }

  lockedBits(start: number, count: number, held: Int32Array): void {
    this.#assertOpen();
    // Who waits calls this now and then, and would else wait for ever on words that are nobody's any more.
    this.#truncation.checkHeader();
    this.#locks.lockedBits(start, count, held);
  }

  get fenced(): boolean {
    return registeredForFences(this.#native);
  }

  fence(): void {
    this.#assertOpen();
    fence(this.#native);
  }

  giveWay(): void {
    this.#native.yield();
  }

  wake(words: Int32Array, index: number, count: number): number {
    this.#assertOpen();
    const woken = this.#native.futexWake(words, index, count);
    if (woken < 0) throw this.#explain(new PosixError(woken, 'futex'));
    return woken;
  }

  waitSync(words: Int32Array, index: number, expected: number, timeoutMs: number): WaitResult {
    this.#assertOpen();
    // Not `<=`: NaN is no time to wait either.
    if (!(timeoutMs > 0)) return words[index] === expected ? 'timeout' : 'changed';
    const result = this.#native.futexWait(words, index, expected, Math.min(timeoutMs, LONGEST_WAIT_MS));
    const meaning = WAIT_RESULTS.get(result);
    if (meaning === undefined) throw this.#explain(new PosixError(result, 'futex'));
    return meaning;
  }

  watch(
    words: Int32Array,
    index: number,
    expected: number,
    locks: { start: number; count: number; held: Int32Array } | undefined,
    fired: (reason: WatchReason) => void,
  ): Watch {
    this.#assertOpen();
    const dispatcher = watches(this.#native);
    const report = (reason: WatchReason): void => {
      this.#watches.delete(watch);
      // The kernel cannot reach the word. Where its memory is missing, this access leaves a mark, and what `fired` does next throws.
      if (reason === 'failed' && index < words.length) Atomics.load(words, index);
      fired(reason);
    };
    let id: number;
    try {
      id = dispatcher.add(words, index, expected, this.#lockRange(locks), report);
    } catch (error) {
      throw this.#explain(error);
    }
    const watch: Watch = {
      cancel: () => {
        this.#watches.delete(watch);
        dispatcher.remove(id);
      },
    };
    this.#watches.add(watch);
    return watch;
  }

  /** Also after memory was found missing: it touches none. */
  holdLoop(): void {
    this.#assertNotClosed();
    this.#holds += 1;
    watches(this.#native).hold();
  }

  /** After `close` this does nothing: what was held was released there. */
  releaseLoop(): void {
    if (this.#holds === 0) return;
    this.#holds -= 1;
    watches(this.#native).release(1);
  }

  close(): void {
    this.#shut('it was closed');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #shut(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    for (const watch of this.#watches) watch.cancel();
    if (this.#holds > 0) watches(this.#native).release(this.#holds);
    this.#holds = 0;
    // Explicitly, and before the mappings go: a forked child may share the description and keep the locks alive.
    this.#locks.releaseAll(this.#descriptor.isOurs());
    this.#gate.release();
    this.#mappings.unmapAll();
    this.#descriptor.close();
  }

  #lockRange(locks: { start: number; count: number; held: Int32Array } | undefined): LockRange | null {
    if (locks === undefined || locks.count === 0) return null;
    const { start, count, held } = locks;
    this.#descriptor.stat();
    return this.#locks.rangeToWatch(start, count, held);
  }

  /** For waits and wake-ups: no signal is raised inside of the kernel, which says instead that it cannot reach the word. */
  #explain(error: unknown): unknown {
    if (codeOf(error) === 'EFAULT') this.#truncation.lost('the kernel cannot reach a word in it');
    return error;
  }

  #assertOpen(): void {
    this.#assertNotClosed();
    this.#truncation.check();
  }

  #assertNotClosed(): void {
    if (this.#closed === undefined) return;
    throw new RingwayError('ERR_RINGWAY_CLOSED', `this handle of ${this.path} cannot be used: ${this.#closed}`);
  }
}

function openTrusted(path: string, trust: readonly number[]): ReturnType<typeof openObject> {
  try {
    return openObject(path, 'write');
  } catch (error) {
    const uid = codeOf(error) === 'EACCES' ? ownerOf(path) : undefined;
    if (uid !== undefined) checkOwner(uid, trust, path, error);
    throw error;
  }
}

function checkCommit(offset: number, length: number, size: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length > 0;
  if (!whole || offset + length > size) {
    throw new RangeError(`cannot commit ${length} bytes from ${offset}: the segment has ${size}`);
  }
}
