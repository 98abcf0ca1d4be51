import assert from 'node:assert/strict';
import { ABORT_REASON } from './actor.js';
import type { Seen } from './message.js';
import type { Ended, Failure } from './orders.js';
import type { Promises } from './pattern.js';
import type { Member } from './scene.js';

/** `first` to `first + count - 1`. */
export function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

/** The numbers of messages that must be whole. */
export function numbersOf(all: readonly Seen[]): number[] {
  for (const { number, whole } of all) assert.ok(whole, `message ${number} is not what was sent`);
  return all.map(({ number }) => number);
}

/** What one sender sent, `sent`, arrived in its order: all of it, or, of what keeps the latest, some of it and the last. */
export function arrived(promises: Promises, all: readonly Seen[], sent: readonly number[]): void {
  const got = numbersOf(all);
  if (promises.keeps === 'every') {
    assert.deepEqual(got, sent);
    return;
  }
  assert.deepEqual(
    got,
    sent.filter((number) => got.includes(number)),
    'each at most once, in the order in which it was sent',
  );
  assert.equal(got.at(-1), sent.at(-1), 'the last one is certain');
}

/** Receives what senders send, each of them in the order of its list, and as much of it as is promised. */
export async function receives(
  promises: Promises,
  receiver: Member,
  ...senders: readonly (readonly number[])[]
): Promise<void> {
  const all =
    promises.keeps === 'every'
      ? await receiver.ask('receive', { count: senders.flat().length, settle: true })
      : await receiver.ask('receive until', { lasts: senders.map((sent) => sent[sent.length - 1]) });
  const strange = numbersOf(all).filter((number) => !senders.some((sent) => sent.includes(number)));
  assert.deepEqual(strange, [], 'nobody sent these');
  for (const sent of senders) {
    arrived(
      promises,
      all.filter(({ number }) => sent.includes(number)),
      sent,
    );
  }
}

/** There is nothing more. */
export async function hasNothing(receiver: Member): Promise<void> {
  assert.deepEqual(numbersOf(await receiver.ask('take', {})), []);
}

/** One message, from a sender to a receiver that waits for it. */
export async function handsOver(sender: Member, receiver: Member, number: number): Promise<void> {
  await receiver.ask('begin', { what: 'receive' });
  await sender.ask('send', { first: number, count: 1 });
  const { seen, failure } = await receiver.ask('ended', {});
  assert.equal(failure, undefined, failure?.message);
  assert.deepEqual(numbersOf(seen === undefined ? [] : [seen]), [number]);
}

/** It failed because its object, sender or receiver was closed. */
export function closed(failure: Failure | undefined): void {
  assert.equal(failure?.code, 'ERR_RINGWAY_CLOSED', failure?.message ?? 'it did not fail');
}

/** It failed because it was aborted, and says why. */
export function aborted({ failure }: Ended): void {
  assert.deepEqual(
    [failure?.name, failure?.code, failure?.cause],
    ['AbortError', 'ABORT_ERR', ABORT_REASON],
    failure?.message ?? 'it did not fail',
  );
}
