// A program that asks from inside the network namespace in which it is started: the task as its argument, the answers as one line.
import { probe } from './probe.ts';

void probe(JSON.parse(process.argv[2] ?? '')).then((found) => console.log(JSON.stringify(found)));
