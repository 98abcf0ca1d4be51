import type { Mutator } from './mutator.js';
import type { Receiver, Scene, Sender } from './scene.js';

/**
 * A wait that is aborted in one of the next turns of the event loop, unless it ends before, and what a stranger does
 * until then.
 */
async function aborted<T>(
  scene: Scene,
  mutator: Mutator,
  what: string,
  start: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const { oracle, random } = scene;
  const controller = new AbortController();
  let turns = random.between(0, 4);
  let immediate: NodeJS.Immediate | undefined;
  const turn = (): void => {
    if (random.next() < 0.3) mutator.mutate();
    immediate = undefined;
    if (turns-- === 0) controller.abort();
    else immediate = setImmediate(turn);
  };
  immediate = setImmediate(turn);
  try {
    return await oracle.settle(what, () => start(controller.signal));
  } finally {
    clearImmediate(immediate);
  }
}

/** What a handler of the user's throws. */
class HandlerError extends Error {}

function poll(scene: Scene, { consumer }: Receiver): void {
  const { oracle, random } = scene;
  const throwing = random.next() < 0.05;
  const leaving = random.next() < 0.03;
  const limit = random.pick([1, 3, 256]);
  oracle.attempt('poll', () => {
    try {
      consumer.poll((lane, offset, length) => {
        oracle.check(
          offset >= 0 && length >= 0 && offset + length <= lane.length,
          `poll handed out ${length} bytes from ${offset} of ${lane.length}`,
        );
        if (leaving) consumer.close();
        if (throwing) throw new HandlerError('the handler throws');
      }, limit);
    } catch (error) {
      if (!(error instanceof HandlerError)) throw error;
      oracle.note('  the handler threw');
    }
  });
}

async function loop(scene: Scene, mutator: Mutator, { consumer }: Receiver): Promise<void> {
  const { oracle, random } = scene;
  const most = random.between(1, 4);
  const way = random.between(0, 2);
  await aborted(scene, mutator, ['for await', 'deliveries', 'batches'][way], async (signal) => {
    let count = 0;
    if (way === 0) {
      for await (const value of consumer.values({ signal })) {
        oracle.note(`  a message of type ${typeof value}`);
        if (++count === most) break;
      }
    }
    if (way === 1) {
      for await (const delivery of consumer.deliveries({ signal })) {
        scene.took(delivery);
        if (++count === most) break;
      }
    }
    if (way === 2) {
      for await (const batch of consumer.batches({ signal, max: 3 })) {
        oracle.check(batch.length > 0 && batch.length <= 3, `a batch of ${batch.length}`);
        if (++count === most) break;
      }
    }
  });
}

async function receiveIn(scene: Scene, mutator: Mutator, receiver: Receiver): Promise<void> {
  const { oracle, random } = scene;
  const { consumer } = receiver;
  const kind = random.next();
  if (kind < 0.3) scene.receive();
  else if (kind < 0.55) poll(scene, receiver);
  else if (kind < 0.75) {
    const delivery = await aborted(scene, mutator, 'receive', (signal) => consumer.receive({ signal }));
    if (delivery !== undefined) scene.took(delivery);
  } else if (kind < 0.83) {
    const onDecodeError = random.next() < 0.5 ? undefined : (): undefined => undefined;
    await aborted(scene, mutator, 'run', (signal) =>
      consumer.run((_, delivery) => oracle.check(Number.isInteger(delivery.attempts), 'attempts that are no number'), {
        signal,
        concurrency: random.pick([1, 1, 4]),
        onDecodeError,
      }),
    );
  } else if (kind < 0.91) await loop(scene, mutator, receiver);
  else if (kind < 0.94)
    oracle.attempt('receiveSync', () => consumer.receiveSync({ timeout: random.pick([0, 1]) })?.ack());
  else if (kind < 0.97) oracle.must('housekeep a consumer', () => consumer.housekeep());
  else await aborted(scene, mutator, 'stop', (signal) => consumer.stop({ signal }));
}

async function sendIn(scene: Scene, mutator: Mutator, { producer }: Sender): Promise<void> {
  const { oracle, random } = scene;
  const kind = random.next();
  if (kind < 0.45) scene.send();
  else if (kind < 0.6) {
    await aborted(scene, mutator, 'send', (signal) => producer.send(scene.message(), { signal }));
  } else if (kind < 0.65) {
    const values = Array.from({ length: random.between(1, 12) }, () => scene.message());
    await aborted(scene, mutator, 'sendMany', (signal) => producer.sendMany(values, { signal }));
  } else if (kind < 0.75) {
    const place = oracle.attempt('tryReserve', () => producer.tryReserve(random.between(0, 200)));
    if (random.next() < 0.3) mutator.mutate();
    if (place !== undefined) {
      oracle.must('write into a reservation', () => void place.bytes.fill(1));
      oracle.attempt('publish or cancel', () => (random.next() < 0.7 ? place.publish() : place.cancel()));
    }
  } else if (kind < 0.82) await aborted(scene, mutator, 'ready', (signal) => producer.ready({ signal }));
  else if (kind < 0.87)
    oracle.attempt('sendSync', () => producer.sendSync(scene.message(), { timeout: random.pick([0, 1]) }));
  else if (kind < 0.92) oracle.must('housekeep a producer', () => producer.housekeep());
  else if (kind < 0.96) {
    oracle.attempt('cork', () => producer.cork());
    scene.send();
    mutator.mutate();
    oracle.attempt('uncork', () => producer.uncork());
  } else await aborted(scene, mutator, 'end', (signal) => producer.end({ signal }));
}

/** One thing that a user may do with a queue. */
export async function useOnce(scene: Scene, mutator: Mutator): Promise<void> {
  const { oracle, random } = scene;
  const kind = random.next();
  if (kind < 0.4) {
    const receiver = scene.receiver();
    if (receiver !== undefined) await receiveIn(scene, mutator, receiver);
  } else if (kind < 0.7) {
    const sender = scene.sender();
    if (sender !== undefined) await sendIn(scene, mutator, sender);
  } else if (kind < 0.8) scene.join(random.pick(['producer', 'consumer']));
  else if (kind < 0.86) scene.ackSome();
  else if (kind < 0.9) oracle.attempt('stats', () => scene.peer().queue.stats());
  else if (kind < 0.94) scene.leave();
  else if (kind < 0.97) {
    await aborted(scene, mutator, 'drained', (signal) => scene.peer().queue.drained({ signal }));
  } else scene.kill();
}
