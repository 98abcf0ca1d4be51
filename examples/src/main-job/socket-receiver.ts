import { once } from 'node:events';
import { connect } from 'node:net';
import { runWorker } from './lifeline.js';
import { SequenceCheck } from './sequence-check.js';
import { SocketFrames } from './socket-frame.js';
import { readArguments, requireMilestones } from './worker-options.js';
import { socketPath } from './workshop.js';

const options = readArguments();
void runWorker(options, async (lifeline) => {
  const sequence = new SequenceCheck(requireMilestones(options));
  const frames = new SocketFrames((number, { length }) => {
    const milestone = sequence.check(number, length);
    // Any byte is the acknowledgement: the sender waits for one.
    if (milestone) socket.write(Buffer.of(1));
    if (sequence.complete) socket.end();
  });
  const socket = connect(socketPath(options));
  socket.on('data', (piece) => frames.push(piece));
  await once(socket, 'connect');
  lifeline.report({ type: 'ready' });
  await once(socket, 'close');
  lifeline.report({ type: 'received', messages: sequence.received });
});
