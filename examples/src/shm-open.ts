// Makes shared memory by name, prints its descriptor, lets two mappings of it see each other, and removes the name:
// `node examples/dist/shm-open.js [NAME]`.
import { posix } from 'ringway';

const { MAP_SHARED, O_CREAT, O_EXCL, O_RDWR, PROT_READ, PROT_WRITE } = posix;
const name = process.argv.at(2) ?? `/ringway-example-${process.pid}`;
const length = posix.getpagesize();

const fd = posix.shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600);
try {
  console.log(`shared memory ${name} is open as descriptor ${fd}`);
  posix.ftruncate(fd, length);
  const mine = posix.mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  // Another process would open the name, and map it in the same way.
  const yours = posix.mmap(null, length, PROT_READ, MAP_SHARED, fd, 0);
  posix.close(fd); // the mappings stay
  mine.bytes.set(Buffer.from('hello'));
  console.log(`what one mapping writes the other reads: ${Buffer.from(yours.bytes.subarray(0, 5)).toString()}`);
  posix.munmap(mine, length);
  posix.munmap(yours, length);
} finally {
  posix.shm_unlink(name);
}
console.log(`${name} is gone`);
