// The responder's process, apart from the daemon because the package `cap` ends its process when a captured device is removed.
// Takes lists of bridges as lines of JSON, tells its counts the same way, and ends with the daemon.
import { createInterface } from 'node:readline';
import { describeFailure } from '../overlay-health.ts';
import { type ArpPost, ArpPosts } from './posts.ts';

export interface ArpNews {
  readonly answered: number;
  readonly refused: number;
  readonly fault: ReturnType<typeof describeFailure> | null;
}

const tellMs = 1_000;
const posts = new ArpPosts(() => performance.now());
let fault: ArpNews['fault'] = null;
let told = '';

function tell(): void {
  const news: ArpNews = { answered: posts.answered, refused: posts.refused, fault };
  const line = JSON.stringify(news);
  if (line !== told) process.stdout.write(`${line}\n`);
  told = line;
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    try {
      posts.want(JSON.parse(line) as ArpPost[]);
      fault = null;
    } catch (error) {
      fault = describeFailure(error);
    }
    tell();
  })
  .on('close', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));
setInterval(tell, tellMs);
