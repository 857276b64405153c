// The hot path: a thread that does nothing but receive, look up, send. It waits in the kernel for at most the socket's timeout,
// so that a stop or a change is seen in time; what it cannot answer goes to the main thread, which sends on the same descriptor.
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DatagramBatch } from '../../shared/effects/libc-mmsg.ts';
import { canJoin } from '../../shared/effects/libc-udp.ts';
import { encodeRefusal } from '../encode-reply.ts';
import { guardQuery } from '../guard.ts';
import { Admission, commonView, type Standing } from './admission.ts';
import { HotCache } from './hot-cache.ts';
import type { HotWorkerData } from './hot-thread.ts';
import type { Kept } from './kept.ts';
import { MissBag } from './miss-bag.ts';
import { unpackEntries } from './packed-entries.ts';
import { maxLabels, type ToWorker, word } from './protocol.ts';
import { newHotQuestion, readHotQuestion } from './question.ts';
import { RateLimiter } from './rate-limit.ts';
import { writeHot, writeTruncated } from './write-hot.ts';

const { fd, port, words, seed, maxBytes, batch: batchSize } = workerData as HotWorkerData;

// Module level: the kernel writes into the batch for as long as the thread lives.
const batch = new DatagramBatch(batchSize, { joins: canJoin(fd) });
const { bytes } = batch;
const cache = new HotCache(maxBytes, seed);
const admission = new Admission();
const limiter = new RateLimiter(seed);
const misses = new MissBag(batchSize);
const question = newHotQuestion();
/** Datagrams of one sender often come together. */
let lastSender = Number.NaN;
let lastStanding: Standing | undefined;

function count(place: number, by = 1): void {
  words[place] = words[place]! + by;
}

function serve(): void {
  let generation = -1;
  while (Atomics.load(words, word.stop) === 0) {
    const received = batch.receive(fd);
    count(word.turns);
    const now = performance.now();
    const current = Atomics.load(words, word.generation);
    // Before the batch is answered: what changed before a question came is in its answer.
    if (current !== generation) {
      generation = current;
      readMessages(now);
    }
    if (received > 0) answerBatch(received, now);
  }
}

function answerBatch(received: number, now: number): void {
  for (let slot = 0; slot < received; slot += 1) {
    const length = answerOne(slot, now);
    if (length > 0) batch.queue(slot, length);
  }
  const unsent = batch.send(fd);
  if (unsent > 0) count(word.unsent, unsent);
  const bag = misses.take();
  if (bag) port.postMessage(bag, [bag.heads.buffer as ArrayBuffer, bag.bytes.buffer as ArrayBuffer]);
}

/** Writes the reply over the query; returns its length, 0 if nothing is to be sent from here. */
function answerOne(slot: number, now: number): number {
  const start = batch.start(slot);
  const length = batch.received(slot);
  const sender = batch.sender(slot);
  if (sender !== lastSender) {
    lastSender = sender;
    lastStanding = admission.of(sender);
  }
  const standing = lastStanding;
  const readable = readHotQuestion(batch, start, length, seed, question);
  const verdict = standing?.limited ? limiter.take(sender, now) : 'pass';
  if (verdict !== 'pass') {
    count(word.limited);
    return verdict === 'slip' && readable ? writeTruncated(bytes, start, question.end) : 0;
  }
  if (readable && standing) {
    const entry = find(standing, now);
    if (entry && question.end + entry.longest <= question.limit) {
      count(word.hits);
      count(word.labels + Math.min(entry.label, maxLabels - 1));
      return writeHot(bytes, start, question.end, entry, now);
    }
  }
  return pass(slot, start, length, sender, standing !== undefined);
}

function find(standing: Standing, now: number): Kept | undefined {
  const { view, shares } = standing;
  if (view === commonView) return cache.find(question, commonView, false, now);
  const shared = shares ? cache.find(question, commonView, true, now) : undefined;
  return shared ?? cache.find(question, view, false, now);
}

/** Malformed messages are dealt with here, so that they cannot keep the main thread busy; sound ones are handed over. */
function pass(slot: number, start: number, length: number, sender: number, known: boolean): number {
  const senderPort = batch.senderPort(slot);
  if (senderPort === 0) return 0;
  const message = bytes.subarray(start, start + length);
  const shape = guardQuery(message);
  if (shape.verdict === 'sound') {
    const waiting = (words[word.misses]! - Atomics.load(words, word.taken)) | 0;
    if (misses.add(message, sender, senderPort, known, waiting)) count(word.misses);
    else count(known ? word.backlog : word.callers);
    return 0;
  }
  if (!known) {
    count(word.callers);
    return 0;
  }
  count(word.malformed);
  if (shape.verdict === 'drop') return 0;
  const refusal = encodeRefusal(message, shape.rcode);
  bytes.set(refusal, start);
  return refusal.length;
}

function readMessages(now: number): void {
  lastSender = Number.NaN;
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) obey(next.message, now);
  words[word.entries] = cache.size;
  words[word.kilobytes] = Math.ceil(cache.bytes / 1024);
}

function obey(message: ToWorker, now: number): void {
  switch (message.kind) {
    case 'put':
      unpackEntries(message.entries, (entry) => cache.put(entry, now));
      break;
    case 'evict':
      count(word.evicted, cache.evict(message.marks));
      break;
    case 'clear':
      count(word.evicted, cache.clear());
      break;
    case 'callers':
      admission.useRules(message.rules, message.allowFrom);
      break;
    case 'clients':
      admission.useClients(message.set, message.drop);
      break;
    default: {
      const never: never = message;
      throw never;
    }
  }
}

serve();
port.close();
