import { BlackboardWorld, type BlackboardGeometry } from './blackboard-world.js';
import type { Model } from './model.js';
import type { Outcome, Program, Scenario } from './scenario.js';
import { EVENT } from './shared.js';

/** A scenario of a blackboard, but for what all of them share. */
export type BlackboardScenario = Omit<Scenario<BlackboardWorld, BlackboardGeometry>, 'model'>;
export type BlackboardProgram = Program<BlackboardWorld>;

/** Three, and the one that comes after them. */
const PARTICIPANTS = 4;
/** Values of the scenarios that spill have more. */
const VALUE_BYTES = 32;

/** A blackboard with one key. */
export const blackboardModel: Model<BlackboardWorld, BlackboardGeometry> = {
  object(modules, { valueBytes = VALUE_BYTES, begin = 0 } = {}) {
    const options = { maxKeys: 1, valueBytes, maxParticipants: PARTICIPANTS };
    const segment = modules.localBoardSegment(options, 'bytes');
    const { header } = segment;
    segment.close();
    const { size } = modules.boardLayoutOf(header, 'model');
    return { object: { header, controlBytes: size, laneBytes: 0, begin }, regions: [size] };
  },

  world: (modules, scheduler, shared, object) => new BlackboardWorld(modules, scheduler, shared, object),

  /** A newcomer reads what is there, becomes the key's writer, and writes; nothing of those who are gone is left. */
  left({ newcomer }) {
    const world = newcomer();
    const number = world.read();
    world.join();
    world.board.lookForDead();
    const { slots, slot: mine } = world.board;
    for (let slot = 0; slot < slots.count; slot++) {
      if (slot !== mine && slots.state(slot) !== 0) throw new Error(`slot ${slot} is not free`);
    }
    if (!world.becomeWriter()) throw new Error('the key is still somebody’s');
    const { attachments } = world.segment;
    if (attachments.list('').length > 1) throw new Error(`spilled values were left: ${attachments.list('').join(' ')}`);
    world.write();
    if (world.read() !== number + 1) throw new Error('a newcomer does not get what it writes');
    const kept = attachments.list('');
    if (kept.length > 0) throw new Error(`spilled values were left behind: ${kept.join(' ')}`);
    world.leave();
    return [{ number, redelivered: false }];
  },

  verdict: verdictOf,
};

/**
 * What must hold after every run: each value whole, and of a version that somebody was writing; versions never go back, not from one writer to the next, and not for one participant, who has seen what it wrote itself;
 * at the end the last version is there, or the one that a dead writer had published and could not say. (That a value is there for others when the call that wrote it returns is not promised: the store that publishes may be a
 * plain one.) Returns what is wrong.
 */
function verdictOf({ log, left }: Outcome): string | undefined {
  const tried = new Set<number>([0]);
  const last = new Map<number, number>();
  let sent = 0;
  for (const { who, event, number } of log) {
    if (event === EVENT.tried) {
      if (number <= sent) return `version ${number} was written when ${sent} was published`;
      tried.add(number);
    } else if (event === EVENT.sent) {
      if (number <= sent) return `version ${number} was published after ${sent}`;
      sent = number;
      last.set(who, number);
    } else if (event === EVENT.got) {
      if (number < 0) return 'a value came that is not whole, or not of its version';
      if (!tried.has(number)) return `version ${number} was invented: nobody wrote it`;
      if (number < (last.get(who) ?? 0)) return `version ${number} came after ${last.get(who)}`;
      last.set(who, number);
    }
  }
  for (const { number } of left) {
    if (number < sent || number < Math.max(0, ...last.values()))
      return `version ${number} is there at the end, not ${sent}`;
    if (!tried.has(number)) return `version ${number} is there at the end: nobody wrote it`;
  }
  return undefined;
}
