/** Participants of a scenario at most, and the one that looks at the end. */
export const MAX_PARTICIPANTS = 4;
/** The baton of the explorer itself. */
export const EXPLORER = 7;
/** A run that makes more steps than this has no end. */
export const MAX_STEPS = 20_000;
const MAX_ACTIONS = 64;
const MAX_LOG = 4096;
const MAX_BUFFERED = 64;
const MAX_ATTACHMENTS = 16;
const ATTACHMENT_BYTES = 4096;
const MAX_LOCKS = 64;

/** Words of the control block. */
export const CONTROL = {
  /** Number of the next step. */
  step: 0,
  /** Step of the next action of the plan. */
  next: 1,
  /** Its index. */
  action: 2,
  /** Not 0: accesses are steps. */
  exploring: 3,
  /** Not 0: everybody unwinds; see {@link STOP}. */
  stop: 4,
  /** In slices of a native wait: time passes when nobody can do anything else. */
  clock: 5,
  /** Slices that passed. */
  slices: 6,
  /** Of those, how many may pass. */
  mostSlices: 7,
  logLength: 8,
  linked: 9,
  gate: 10,
  participants: 11,
  deaths: 12,
  /** Number of the run. */
  run: 13,
  /** Not 0: what is loaded and stored is noted, for a trace to be read. */
  telling: 14,
  /** Not 0: the threads end. */
  exit: 15,
  baton: 16,
  status: 32,
  /** Where a participant waits: location. */
  waitsAt: 40,
  /** The value that it noted. */
  waitsFor: 48,
  /** How a wait ended. */
  waitResult: 56,
  /** Stores that are not visible yet. */
  buffered: 64,
  /** Not 0: the next plain store waits in the buffer. */
  delay: 72,
  /** Not 0: the body has come to its end, or was unwound. */
  returned: 80,
  /** Bits that participants set for each other, outside of the queue. */
  signals: 96,
  /** Locks: participant + 1. */
  lock: 128,
} as const;

export const STOP = { none: 0, over: 1, stalled: 2, endless: 3 } as const;

export const STATUS = {
  ready: 0,
  /** Blocked on a word. */
  word: 1,
  /** Blocked on the gate. */
  gate: 2,
  finished: 3,
  dead: 4,
  /** Waits on the event loop for a word or a lock. */
  watch: 5,
  /** Blocked until another participant signals. */
  signal: 6,
} as const;

/** What a plan does at a step, before the access that the step stands for. */
export const ACTION = {
  /** Somebody else goes on. */
  preempt: 0,
  /** Somebody dies. */
  kill: 1,
  /** The plain store that follows stays in its processor's store buffer. */
  delay: 2,
} as const;

export type ActionKind = (typeof ACTION)[keyof typeof ACTION];

export interface Action {
  readonly step: number;
  readonly kind: ActionKind;
  /** The participant: who goes on, who dies. */
  readonly who: number;
}

/** Kinds of steps in a trace. */
export const STEP = { load: 0, store: 1, atomic: 2, touch: 3, system: 4, block: 5, end: 6 } as const;

/** Words of a trace entry. */
export const TRACE = { who: 0, kind: 1, site: 2, location: 3, ready: 4, value: 5, words: 6 } as const;

/** In {@link TRACE}.ready: whoever makes the step has delayed stores, so what others see depends on when it goes on, whatever it does. */
export const BUFFERED = 1 << 16;

/** What a participant says that it did. */
export const EVENT = {
  tried: 0,
  sent: 1,
  got: 2,
  redelivered: 3,
  acked: 4,
  ended: 5,
  refused: 6,
  mark: 7,
  acking: 8,
  /** Somebody was killed, or ended without leaving. */
  died: 9,
  /** Has a lock or permits: how many, and {@link ABANDONED} more if it was told that a holder died. */
  holds: 10,
  /** Is about to let go of so many. */
  lets: 11,
  /** Got what somebody else had claimed, and nobody has had. */
  late: 12,
  /** Is about to send a message back: if it is killed at that, both the message and its copy may come. */
  back: 13,
  /** Is a subscriber from here on. */
  joined: 14,
  /** Was told that it missed so many messages. */
  missed: 15,
  /** Is among the dead letters. */
  buried: 16,
} as const;

/** See {@link EVENT}.holds. */
export const ABANDONED = 1000;

/** A place is region and byte in one number; what is no memory has a region of its own. */
export const REGION_BITS = 20;
export const REGION = { control: 0, lanes: 1, system: 1000 } as const;
export const SYSTEM = { locks: 0, gate: 8, linked: 16, attachments: 24, signals: 32, work: 40 } as const;

export function location(region: number, byte: number): number {
  return region * 2 ** REGION_BITS + byte;
}

/** Step of an action that never comes: the end of every plan. */
export const NEVER = 0x7fffffff;

/** Everything that the threads of one explorer share. All of it moves only while one of them has the baton. */
export interface Shared {
  readonly control: SharedArrayBuffer;
  readonly plan: SharedArrayBuffer;
  readonly trace: SharedArrayBuffer;
  readonly log: SharedArrayBuffer;
  /** Store buffers: a ring of (region, bytes, byte offset, value) for each participant. */
  readonly stores: SharedArrayBuffer;
  /** Lengths of name and contents, and the name, of each; and the contents. */
  readonly attachments: SharedArrayBuffer;
  readonly attachmentBytes: SharedArrayBuffer;
  /** The control area, and each lane's ring. */
  readonly regions: readonly SharedArrayBuffer[];
}

export const PLAN_WORDS = 3;
export const LOG_WORDS = 3;
/** Doubles of a buffered store. */
export const STORE_DOUBLES = 4;
export const ATTACHMENT_WORDS = 8;
export const LIMITS = {
  actions: MAX_ACTIONS,
  log: MAX_LOG,
  buffered: MAX_BUFFERED,
  attachments: MAX_ATTACHMENTS,
  attachmentBytes: ATTACHMENT_BYTES,
  locks: MAX_LOCKS,
} as const;

/** @param regions - bytes of the control area and of each lane's ring */
export function newShared(regions: readonly number[]): Shared {
  return {
    control: new SharedArrayBuffer((CONTROL.lock + MAX_LOCKS) * 4),
    plan: new SharedArrayBuffer((MAX_ACTIONS + 1) * PLAN_WORDS * 4),
    trace: new SharedArrayBuffer((MAX_STEPS + 1) * TRACE.words * 4),
    log: new SharedArrayBuffer(MAX_LOG * LOG_WORDS * 4),
    stores: new SharedArrayBuffer((MAX_PARTICIPANTS + 1) * MAX_BUFFERED * STORE_DOUBLES * 8),
    attachments: new SharedArrayBuffer(MAX_ATTACHMENTS * ATTACHMENT_WORDS * 4),
    attachmentBytes: new SharedArrayBuffer(MAX_ATTACHMENTS * ATTACHMENT_BYTES),
    regions: regions.map((bytes) => new SharedArrayBuffer(bytes)),
  };
}
